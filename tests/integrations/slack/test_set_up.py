"""Setting the desk up in Slack: the manifest, the doctor, and one sentence for what is missing."""

from pathlib import Path

import pytest
import yaml

from integrations.doctor import checks
from integrations.settings import SlackTokens, slack_tokens
from integrations.slack.manifest import SCOPES, as_yaml, manifest
from tests.acceptance.conftest import Stoa
from tests.fakes.slack import fake_slack
from tests.integrations.slack.conftest import make_desk

ROOT = Path(__file__).parents[3]


def rows(folder):
    return {check.name: check for check in checks(folder) if check.name.startswith("slack")}


@pytest.fixture
def secrets(monkeypatch):
    def give(slack, **changed):
        values = {"SLACK_BOT_TOKEN": slack.bot_token, "SLACK_APP_TOKEN": slack.app_token} | changed
        for name, value in values.items():
            monkeypatch.setenv(name, value)

    return give


def test_the_manifest_that_people_paste_is_the_one_the_code_checks_against():
    text = (ROOT / "slack-app.yaml").read_text(encoding="utf-8")
    assert text.split("\n", 1)[1] == as_yaml()
    assert yaml.safe_load(text) == manifest()


def test_over_http_the_manifest_names_the_address_in_three_places():
    made = manifest("http", "https://desk.example/slack/events")
    assert str(made).count("https://desk.example/slack/events") == 3
    assert made["settings"]["socket_mode_enabled"] is False


def test_without_a_token_the_desk_works_and_serve_says_what_is_missing_in_one_sentence(tmp_path):
    stoa = Stoa(tmp_path / "desk")
    stoa.run("init", stoa.desk, desk=False)
    assert stoa.json("thesis", "list") == {"theses": []}
    done = stoa.run("serve", "--slack", code=2)
    assert done.stderr == "stoa: SLACK_BOT_TOKEN and SLACK_APP_TOKEN are not set: docs/slack.md shows where Slack gives them\n"


def test_serve_without_a_place_to_serve_says_so(tmp_path):
    stoa = Stoa(tmp_path / "desk")
    stoa.run("init", stoa.desk, desk=False)
    assert stoa.run("serve", code=2).stderr.startswith("stoa: there is nothing to serve")


def test_the_doctor_says_that_slack_is_not_set_up_and_that_this_is_fine(tmp_path):
    (tmp_path / "stoa.toml").write_text('[desk]\nname = "x"\n', encoding="utf-8")
    row = rows(tmp_path)["slack"]
    assert (row.state, row.found) == ("ok", "not set up: the desk works without it")


def test_the_doctor_finds_everything_in_its_place(tmp_path, secrets):
    with fake_slack(scopes=list(SCOPES)) as slack:
        secrets(slack)
        found = rows(make_desk(tmp_path / "desk", slack))
    assert {check.state for check in found.values()} == {"ok"}
    assert found["slack channel"].found == "#desk"
    assert found["slack scopes"].found == f"all {len(SCOPES)}"


def test_the_doctor_names_a_missing_scope_and_what_it_is_for(tmp_path, secrets):
    with fake_slack(scopes=[name for name in SCOPES if name != "chat:write.customize"]) as slack:
        secrets(slack)
        row = rows(make_desk(tmp_path / "desk", slack))["slack scopes"]
    assert (row.state, row.found) == ("fail", "missing: chat:write.customize (to post under each agent's own name)")
    assert "install the app again" in row.mend


def test_the_doctor_sees_that_the_app_is_not_in_its_channel(tmp_path, secrets):
    with fake_slack(scopes=list(SCOPES)) as slack:
        slack.workspace.channels["CDESK"]["is_member"] = False
        secrets(slack)
        row = rows(make_desk(tmp_path / "desk", slack))["slack channel"]
    assert (row.state, row.mend) == ("fail", "write /invite @Stoa in it")


@pytest.mark.parametrize("name", ["SLACK_BOT_TOKEN", "SLACK_APP_TOKEN"])
def test_a_token_that_slack_refuses_is_named_but_not_shown(tmp_path, secrets, name):
    with fake_slack() as slack:
        secrets(slack, **{name: "xoxb-secret-of-somebody"})
        row = rows(make_desk(tmp_path / "desk", slack))["slack"]
    assert row.state == "fail"
    assert f"Slack refuses {name} (invalid_auth)" in row.found
    assert "secret-of-somebody" not in str(row)


def test_an_environment_that_bolt_would_misread_is_named(tmp_path, secrets):
    with fake_slack() as slack:
        secrets(slack, SLACK_CLIENT_ID="1.2", SLACK_CLIENT_SECRET="x")
        row = rows(make_desk(tmp_path / "desk", slack))["slack"]
    assert (row.state, row.mend) == ("fail", "unset it and SLACK_CLIENT_SECRET")


def test_half_a_set_up_is_named(tmp_path, monkeypatch):
    (tmp_path / "stoa.toml").write_text('[slack]\nchannels = ["C1"]\n', encoding="utf-8")
    monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb-1")
    assert rows(tmp_path)["slack"].found == "SLACK_APP_TOKEN is not set"


def test_tokens_come_from_the_environment_alone_and_are_never_printed(monkeypatch):
    monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb-very-secret")
    found = slack_tokens()
    assert found.bot is not None
    assert "very-secret" not in f"{found!r} {found}"
    assert SlackTokens().bot is None


def test_a_port_that_is_taken_is_named(tmp_path):
    import socket

    from integrations.slack.errors import SlackSetupError
    from tests.integrations.slack.conftest import running

    with fake_slack() as slack, socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        folder = make_desk(tmp_path / "desk", slack, f'mode = "http"\nport = {taken.getsockname()[1]}')
        with pytest.raises(SlackSetupError, match="choose another"), running(folder, slack):
            pass


def test_a_second_process_on_the_same_desk_is_refused(tmp_path):
    from integrations.slack.errors import SlackSetupError
    from tests.integrations.slack.conftest import running

    with fake_slack() as slack:
        folder = make_desk(tmp_path / "desk", slack)
        with (
            running(folder, slack),
            pytest.raises(SlackSetupError, match="another process serves this desk"),
            running(folder, slack),
        ):
            pass
