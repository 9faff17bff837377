"""What never comes back."""
# rejected: a.svg a.html a.pkl a.npy a.py a.sh a.so a.zip a.xlsx a.txt.exe noname

for name in ("a.svg", "a.html", "a.pkl", "a.npy", "a.py", "a.sh", "a.so", "a.zip", "a.xlsx", "a.txt.exe", "noname"):
    open(f"out/{name}", "w").write("x")
