import pytest

from integrations.settings import load_settings
from memory.errors import InputError


def test_a_password_in_the_file_is_refused_and_the_environment_named(tmp_path):
    (tmp_path / "stoa.toml").write_text('[database]\nurl = "postgresql://desk:secret@db/desk"\n', encoding="utf-8")
    with pytest.raises(InputError, match="STOA_DATABASE__URL") as caught:
        load_settings(tmp_path)
    assert "secret" not in str(caught.value)


def test_the_environment_may_hold_the_password_and_wins(tmp_path, monkeypatch):
    (tmp_path / "stoa.toml").write_text('[database]\nurl = "postgresql://desk@db/desk"\n', encoding="utf-8")
    monkeypatch.setenv("STOA_DATABASE__URL", "postgresql://desk:secret@other/desk")
    assert load_settings(tmp_path).database.url == "postgresql://desk:secret@other/desk"
