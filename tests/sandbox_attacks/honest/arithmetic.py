"""The least there is."""

print(6 * 7)
