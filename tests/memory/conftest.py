"""What tests of memory share."""

import pytest

from memory.database import Database


@pytest.fixture
def both(tmp_path, postgres_url):
    """A desk's database on SQLite, and one on PostgreSQL."""
    opened = Database(tmp_path / "desk.db"), Database(postgres_url)
    yield opened
    for database in opened:
        database.close()
