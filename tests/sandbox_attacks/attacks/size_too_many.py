"""More files than may come back."""
# rejected: n9.txt
# limits: returned_files=9

for number in range(10):
    open(f"out/n{number}.txt", "w").write("x")
