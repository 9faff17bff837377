"""Names that climb out, hide, or act."""
# rejected: .hidden.txt -rf.txt con.txt

import os

for name in (".hidden.txt", "-rf.txt", "con.txt", "a\nb.txt", "a\x1b[2J.txt", "x" * 240 + ".txt", "..\\..\\evil.txt", "\u202egnp.txt", "~.txt"):
    open(f"out/{name}", "w").write("x")
open(b"out/\xff\xfe.txt", "w").write("x")
os.makedirs("out/../evil", exist_ok=True)
