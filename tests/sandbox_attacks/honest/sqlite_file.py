"""A database of its own."""

import sqlite3

with sqlite3.connect("own.db") as connection:
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("CREATE TABLE t(a, b)")
    connection.executemany("INSERT INTO t VALUES (?, ?)", [(n, n * n) for n in range(1000)])
print(connection.execute("SELECT sum(b) FROM t").fetchone())
