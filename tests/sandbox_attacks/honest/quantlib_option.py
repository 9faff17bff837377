"""A price."""

import QuantLib as ql

print(ql.Date(2, 1, 2026).ISO(), round(ql.blackFormula(ql.Option.Call, 100, 100, 0.2), 4))
