"""Two names that are one on another system."""
# rejected: chart.txt

open("out/CHART.txt", "w").write("x")
open("out/chart.txt", "w").write("y")
