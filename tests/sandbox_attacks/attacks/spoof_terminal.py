"""Output that rewrites what a person reads."""

print("\x1b[2J\x1b[1;1H\x1b]0;owned\x07all is well\x1b[8m hidden \x1b[0m\x9b31m\u202egnp\r\x08\x08")
