"""Fill the disk, then say that all is well."""
# ends: disk
# limits: disk_bytes=8388608

try:
    with open("tmp/full", "wb", buffering=0) as file:
        while True:
            file.write(bytes(1 << 20))
except OSError:
    pass
