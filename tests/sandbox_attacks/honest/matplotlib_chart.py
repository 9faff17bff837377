"""A chart."""
# returns: chart.png

import matplotlib.pyplot as plt

plt.plot([1, 3, 2])
plt.title("Silver, $/oz")
plt.savefig("out/chart.png")
print("drawn")
