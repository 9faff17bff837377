"""Folders in folders in folders."""
# ends: files
# limits: files=500

import os

os.chdir("tmp")
while True:
    os.mkdir("d")
    os.chdir("d")
