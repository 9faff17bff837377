"""Pipes, sockets and folders in out/."""
# rejected: pipe.txt folder.txt

import os
import socket

os.mkfifo("out/pipe.txt")
os.mkdir("out/folder.txt")
open("out/folder.txt/inner.txt", "w").write("x")
try:
    socket.socket(socket.AF_UNIX).bind("out/sock.txt")
except OSError as error:
    print("held:", error)
