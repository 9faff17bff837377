"""Every kind of file that comes back."""
# returns: note.txt prices.csv report.md result.json run.log

import json

open("out/note.txt", "w").write("a note, 中文\n")
open("out/report.md", "w").write("# Report\n\n| a | b |\n|---|---|\n| 1 | <2 |\n")
open("out/prices.csv", "w").write("day,price\n2026-01-02,-1.5\n2026-01-03,+2\n")
json.dump({"a": [1, 2.5, None, "é"]}, open("out/result.json", "w"))
file = open("out/run.log", "w")
file.write("left open\n")
