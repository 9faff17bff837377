"""Memory without end."""
# ends: memory
# limits: memory_bytes=209715200

hoard = []
while True:
    hoard.append(bytearray(4_000_000))
