"""The local sandbox: an agent's code behind the kernel's walls, one adapter a file."""
