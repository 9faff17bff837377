"""A program that says it is a table."""
# rejected: data.csv

open("out/data.csv", "wb").write(b"\x7fELF\x02\x01\x01" + bytes(100))
