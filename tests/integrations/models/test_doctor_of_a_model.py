from integrations.doctor import checks
from tests.acceptance.conftest import make_small
from tests.fakes.messages_api import MessagesServer
from tests.integrations.models.test_capabilities import honest


def test_the_doctor_tells_what_an_endpoint_can_do_once_it_was_asked(tmp_path):
    folder = make_small(tmp_path / "desk", ("tin",), ("tin",)).desk
    toml = folder / "stoa.toml"
    with MessagesServer(honest, profile="llamacpp", models=("local",)) as api:
        toml.write_text(toml.read_text(encoding="utf-8") + f'\n[model]\nname = "local"\nbase_url = "{api.url}"\n', encoding="utf-8")
        before = next(row for row in checks(folder) if row.name == "endpoint")
        assert api.requests == []
        asked = next(row for row in checks(folder, probe=True) if row.name == "endpoint")
        after = next(row for row in checks(folder) if row.name == "endpoint")
        assert len(api.requests) == 3
    assert before.found == "not asked yet what it can do"
    assert asked == after
    assert after.found.startswith("evidence as text, form by tool, tools, no cache")
    assert "dropped without an error" in after.mend


def test_the_doctor_says_that_a_server_is_down(tmp_path):
    folder = make_small(tmp_path / "desk", ("tin",), ("tin",)).desk
    toml = folder / "stoa.toml"
    toml.write_text(toml.read_text(encoding="utf-8") + '\n[model]\nname = "local"\nbase_url = "http://127.0.0.1:9"\n', encoding="utf-8")
    row = next(row for row in checks(folder, probe=True) if row.name == "endpoint")
    assert row.state == "fail"
    assert "cannot be reached" in row.found
