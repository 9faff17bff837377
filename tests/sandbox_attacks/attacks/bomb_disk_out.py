"""Everything into out/."""
# ends: disk
# limits: disk_bytes=8388608

while True:
    with open("out/data.csv", "ab") as file:
        file.write((b"a" * 400 + b",b\n") * 1000)
