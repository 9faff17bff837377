"""A script that says it is a picture."""
# rejected: chart.png

open("out/chart.png", "w").write('<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>')
