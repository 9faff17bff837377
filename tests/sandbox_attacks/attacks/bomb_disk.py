"""A disk full of one file."""
# ends: disk
# limits: disk_bytes=8388608

with open("big", "wb") as file:
    while True:
        file.write(bytes(1 << 20))
