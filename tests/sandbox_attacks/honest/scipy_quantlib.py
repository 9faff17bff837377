"""The forward that an option's price implies, found by a root; and the chance that QuantLib and SciPy agree on."""

import QuantLib as ql
from scipy import optimize, special

price = ql.blackFormula(ql.Option.Call, 100, 104, 0.2)
forward = optimize.brentq(lambda level: ql.blackFormula(ql.Option.Call, 100, level, 0.2) - price, 50, 200)
assert abs(forward - 104) < 1e-6
assert abs(special.ndtr(1.96) - ql.CumulativeNormalDistribution()(1.96)) < 1e-12
print(ql.Date(2, 1, 2026).ISO(), round(forward, 6))
