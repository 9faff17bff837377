"""A page that says it is text."""
# rejected: note.txt note.md note.csv

for name in ("note.txt", "note.md", "note.csv"):
    open(f"out/{name}", "w").write("<!DOCTYPE html><html><script>fetch('http://x')</script></html>")
