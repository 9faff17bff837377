"""One file that is larger than may come back, and one that only says so."""
# rejected: large.txt sparse.txt
# limits: returned_bytes=1000000

open("out/large.txt", "w").write("x" * 2_000_000)
with open("out/sparse.txt", "w") as file:
    file.truncate(3_000_000)
