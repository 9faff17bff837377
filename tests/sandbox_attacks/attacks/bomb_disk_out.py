"""Everything into out/."""
# ends: disk
# limits: disk_bytes=8388608

while True:
    with open("out/data.csv", "ab") as file:
        file.write(b"a,b\n" * 100_000)
