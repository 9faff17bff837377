"""A desk moves to PostgreSQL and back, with questions that wait, through the public commands."""

import pytest
from sqlalchemy import select

from memory.database import Database
from memory.tables import metadata
from tests.acceptance.conftest import Stoa


def rows(where):
    database = Database(where)
    try:
        with database.reading() as connection:
            return {
                table.name: [tuple(row) for row in connection.execute(select(table).order_by(*table.primary_key.columns))]
                for table in metadata.sorted_tables
                if table.name != "meta"
            }
    finally:
        database.close()


def test_a_desk_moves_to_postgresql_and_back_and_keeps_every_row_and_every_open_question(copy, postgres_url):
    hits = copy.json("recall", "白银 库存")["hits"]  # which indexes what waits for the index
    before, head = rows(copy.desk / ".stoa" / "desk.db"), copy.json("verify")["head"]
    waiting = [item["id"] for item in copy.json("approvals", "list")["approvals"]]
    assert waiting

    moved = copy.json("desk", "move", "--to", postgres_url)
    assert moved["head"] == head
    assert rows(postgres_url) == before
    assert "was moved to" in copy.run("thesis", "list", code=1).stderr

    there = Stoa(copy.desk, {"STOA_DATABASE__URL": postgres_url})
    assert there.json("verify")["head"] == head
    assert [(hit["id"], hit["score"]) for hit in there.json("recall", "白银 库存")["hits"]] == [(hit["id"], hit["score"]) for hit in hits]
    there.run("approvals", "approve", waiting[0], "--by", "Ann")
    there.run("remember", "written on the server")

    on_server = rows(postgres_url)
    there.run("desk", "move", "--to", "sqlite")
    assert rows(copy.desk / ".stoa" / "desk.db") == on_server
    for approval in waiting[1:]:
        copy.run("approvals", "approve", approval, "--by", "Ann")
    assert copy.json("runs", "show", "first")["status"] == "done"
    copy.run("verify")
    assert all(row["state"] != "fail" for row in copy.json("doctor")["checks"])


def test_a_desk_does_not_move_into_a_database_that_holds_one(copy, postgres_url):
    Stoa(copy.desk, {"STOA_DATABASE__URL": postgres_url}).run("remember", "somebody else's")
    assert "holds a desk already" in copy.run("desk", "move", "--to", postgres_url, code=2).stderr
    assert copy.json("approvals", "list")["approvals"]


@pytest.mark.parametrize("to", ["mysql://host/desk", "not a url"])
def test_only_postgresql_is_taken(copy, to):
    assert copy.run("desk", "move", "--to", to, code=2).stderr.count("\n") == 1
