"""JSON that is none, or too deep."""
# rejected: a.json b.json c.json

open("out/a.json", "w").write("{'a': 1}")
open("out/b.json", "w").write("[" * 50_000 + "]" * 50_000)
open("out/c.json", "wb").write(b"\xff\xfe{}")
