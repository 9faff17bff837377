"""What a person writes in a thesis file reaches the book once, whatever happens between."""

import pytest

from integrations.desk import Desk
from memory.records import Kind

SLUG = "gpu-cloud-credit"


@pytest.fixture
def desk(folder):
    with Desk(folder) as opened:
        yield opened


def file_of(desk):
    return desk.folder / "theses" / f"{SLUG}.yaml"


def edit(desk, old, new):
    text = file_of(desk).read_text(encoding="utf-8")
    assert old in text
    file_of(desk).write_text(text.replace(old, new, 1), encoding="utf-8")


def patches(desk):
    return [entry.revision.patch for entry in desk.book.history(SLUG)][1:]


def cut_off(desk, path, monkeypatch):
    """Read the thesis and end, as a killed process does, when the book has it and the memory does not."""
    with monkeypatch.context() as patched:
        patched.setattr(type(desk.library), "_keep", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            desk.library.import_thesis(path)


def test_only_what_a_person_changed_is_in_the_revision(desk):
    title = desk.book.get(SLUG).thesis.title
    edit(desk, f"title: {title}", "title: Another title")
    assert desk.library.import_thesis(file_of(desk)) == SLUG
    assert patches(desk) == [{"title": "Another title"}]
    assert desk.library.import_thesis(file_of(desk)) is None


def test_what_is_taken_out_of_the_file_goes_from_the_book(desk):
    assert desk.book.get(SLUG).thesis.terms
    text = file_of(desk).read_text(encoding="utf-8").splitlines()
    file_of(desk).write_text("\n".join(line for line in text if not line.startswith("terms:")), encoding="utf-8")
    desk.library.import_thesis(file_of(desk))
    assert patches(desk) == [{"terms": []}]


def test_a_process_that_is_cut_off_between_book_and_memory_leaves_one_revision(desk, monkeypatch):
    edit(desk, "title: ", "title: New ")
    cut_off(desk, file_of(desk), monkeypatch)
    assert len(patches(desk)) == 1
    desk.library.import_thesis(file_of(desk))
    assert len(patches(desk)) == 1
    assert "title: New " in desk.store.find(source_uri=f"theses/{SLUG}.yaml", kinds=[Kind.DOCUMENT])[-1].body


def test_a_first_reading_that_is_cut_off_enters_the_thesis_once(desk, monkeypatch):
    path = desk.folder / "theses" / "another.yaml"
    path.write_text(file_of(desk).read_text(encoding="utf-8").replace(f"slug: {SLUG}", "slug: another"), encoding="utf-8")
    cut_off(desk, path, monkeypatch)
    desk.library.import_thesis(path)
    assert [entry.revision.n for entry in desk.book.history("another")] == [1]
    assert [record.source_uri for record in desk.store.find(source_uri="theses/another.yaml")] == ["theses/another.yaml"]


def test_a_change_that_is_taken_back_is_two_revisions_and_then_rests(desk):
    text = file_of(desk).read_text(encoding="utf-8")
    title = desk.book.get(SLUG).thesis.title
    edit(desk, "title: ", "title: New ")
    desk.library.import_thesis(file_of(desk))
    file_of(desk).write_text(text, encoding="utf-8")
    assert desk.library.import_thesis(file_of(desk)) == SLUG
    assert desk.library.import_thesis(file_of(desk)) is None
    assert [patch["title"] for patch in patches(desk)] == [f"New {title}", title]
