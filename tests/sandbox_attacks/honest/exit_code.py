"""A script that says how it went."""
# ends: error

import sys

print("seven", file=sys.stderr)
sys.exit(7)
