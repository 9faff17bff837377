"""Tries each wall from inside and says which held. Run as a job of the sandbox, never outside it."""

PROBE = '''
import ctypes, errno, json, os, socket, struct

given = json.load(open("in/probe.json"))
libc = ctypes.CDLL(None, use_errno=True)
found = {}


def attempt(name, action):
    """A wall held when trying to pass it fails; what came through is said."""
    try:
        answer = action()
    except BaseException as error:
        found[name] = ["held", type(error).__name__]
    else:
        found[name] = ["held", ""] if answer is None else ["open", str(answer)[:200]]


def call(number, *arguments):
    answer = libc.syscall(ctypes.c_long(number), *[ctypes.c_long(a) if isinstance(a, int) else a for a in arguments])
    if answer < 0:
        raise OSError(ctypes.get_errno(), "refused")
    return f"system call {number} was let through"


def connect(*address):
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as sock:
        sock.settimeout(2)
        sock.connect(address)
    return f"reached {address}"


def write(path):
    with open(path, "w") as file:
        file.write("x")
    os.unlink(path)
    return f"wrote {path}"


attempt("network, this machine", lambda: connect("127.0.0.1", given["port"]))
attempt("network, outside", lambda: connect("192.0.2.1", 9))
attempt("host files", lambda: open(given["secret"]).read())
attempt("home", lambda: sorted(set(os.listdir(given["home"])) - set(given["on_the_way"])) or None)
attempt("environment", lambda: sorted(set(os.environ) - set(given["variables"])) or None)
attempt("system is read-only", lambda: write("/usr/lib/stoa-probe"))
attempt("interpreter is read-only", lambda: write(given["interpreter"] + "/stoa-probe"))
attempt("other processes", lambda: os.kill(given["pid"], 0) or f"can signal process {given['pid']}")
attempt("privileges", lambda: None if os.geteuid() != 0 and "NoNewPrivs:\\t1" in open("/proc/self/status").read() else "they can grow")
attempt("vsock", lambda: socket.socket(40, socket.SOCK_STREAM) and "a vsock socket")
attempt("netlink", lambda: socket.socket(16, socket.SOCK_RAW) and "a netlink socket")
for name, number, arguments in given["calls"]:
    attempt(name, lambda number=number, arguments=arguments: call(number, *arguments))
json.dump(found, open("out/found.json", "w"))
'''
LIMITS = {
    "memory": "x = []\nwhile True:\n    x.append(bytearray(8_000_000))\n",
    # The kernel, whose limit lies a little above ours, may be quicker than the supervisor's next look: who is there then waits to be seen.
    "processes": (
        "import os, time\ntry:\n    for _ in range(40):\n        if os.fork() == 0:\n            break\n"
        "except BlockingIOError:\n    pass\ntime.sleep(3)\n"
    ),
    "disk": "with open('out/big.txt', 'wb') as f:\n    while True:\n        f.write(bytes(1 << 18))\n        f.flush()\n",
    "files": "import time\nfor n in range(100):\n    open(f'tmp/{n}', 'w').close()\ntime.sleep(3)\n",
    "output": "while True:\n    print('x' * 1000)\n",
    "wall": "import time\ntime.sleep(30)\n",
    "cpu": "while True:\n    pass\n",
}
