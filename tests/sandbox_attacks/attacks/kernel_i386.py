"""Calls by the numbers of another processor: the kernel ends the process."""
# ends: signal ok

import ctypes
import mmap
import os

from attack import ARM, escaped

if not ARM:
    page = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    page.write(bytes.fromhex("53b814000000cd805bc3"))  # push rbx; mov eax, 20 (getpid); int 0x80; pop rbx; ret
    function = ctypes.CFUNCTYPE(ctypes.c_long)(ctypes.addressof(ctypes.c_char.from_buffer(page)))
    if function() == os.getpid():
        escaped("an i386 call was answered")
