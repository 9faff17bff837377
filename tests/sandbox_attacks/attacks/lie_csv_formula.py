"""A table that runs when a person opens it."""
# rejected: a.csv b.csv

open("out/a.csv", "w").write('name,value\n"=HYPERLINK(""http://x"",""click"")",1\n')
open("out/b.csv", "w").write("name,value\n@SUM(1+1)*cmd|' /C calc'!A0,1\n")
