"""A picture with an archive behind it, and one that unpacks into gigabytes."""
# rejected: tail.png huge.png short.png

import struct
import zlib


def chunk(name, body):
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def png(width, height, data):
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(data)) + chunk(b"IEND", b"")


open("out/good.png", "wb").write(png(2, 2, bytes(6)))
open("out/tail.png", "wb").write(png(2, 2, bytes(6)) + b"PK\x03\x04")
open("out/huge.png", "wb").write(png(100_000, 100_000, bytes(10)))
open("out/short.png", "wb").write(png(20, 20, bytes(10_000_000)))
