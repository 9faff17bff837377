"""Text that acts on a terminal."""
# rejected: a.txt b.csv

open("out/a.txt", "w").write("\x1b]0;owned\x07\x1b[2J")
open("out/b.csv", "w").write("a,b\n\x1b[31m,\u202e\n")
