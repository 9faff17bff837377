"""The forward that an option's price implies, found by a root."""

import QuantLib as ql
from scipy import optimize, stats

price = ql.blackFormula(ql.Option.Call, 100, 104, 0.2)
forward = optimize.brentq(lambda level: ql.blackFormula(ql.Option.Call, 100, level, 0.2) - price, 50, 200)
print(round(forward, 6), round(stats.norm.cdf(1.96), 4))
assert abs(forward - 104) < 1e-6
