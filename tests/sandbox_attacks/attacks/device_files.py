"""Raw devices."""

import os
import stat

from attack import attempt

for path in ("/dev/mem", "/dev/kmsg", "/dev/vda", "/dev/sda", "/dev/kvm", "/dev/fuse", "/dev/loop0", "/dev/vsock", "/dev/net/tun"):
    attempt(lambda path=path: os.open(path, os.O_RDWR))
attempt(lambda: os.mknod("disk", 0o600 | stat.S_IFBLK, os.makedev(254, 0)) or "made")
attempt(lambda: os.mknod("mem", 0o600 | stat.S_IFCHR, os.makedev(1, 1)) or "made")
