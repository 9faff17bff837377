"""A desk with the example's theses and data; nothing has run on it."""

import pytest

from integrations.desk import Desk
from integrations.new_desk import make_desk


@pytest.fixture(scope="session")
def desk(tmp_path_factory):
    folder = make_desk(tmp_path_factory.mktemp("quant") / "desk", "macro-2026")
    with Desk(folder) as opened:
        opened.market.refresh(opened.clock())
        opened.library.import_theses(sorted((folder / "theses").glob("*.yaml")))
        yield opened


@pytest.fixture(scope="session")
def bench(desk):
    """What a tool sees of it today."""
    return desk.workbench()
