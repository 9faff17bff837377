"""What those who watch a desk see."""

import io
import json
import logging
import re
import socket
import sys
import threading

import httpx
import procrastinate
import pytest
from prometheus_client.parser import text_string_to_metric_families
from starlette.testclient import TestClient

from integrations.cli.worker import serve_worker
from integrations.desk import Desk
from integrations.settings import WatchingSettings
from integrations.terminal import SilentChannel
from integrations.watching.app import watching_app
from integrations.watching.logs import JsonLines, in_a_line, start_logging
from integrations.watching.serve import watched
from memory.errors import InputError
from memory.journal import NewRun
from memory.schedules import Schedule, Schedules
from orchestrator.current import RUN
from tests.acceptance.conftest import make_small


@pytest.fixture
def desk(tmp_path):
    with Desk(make_small(tmp_path / "desk", ("gpu-cloud-credit",), ("gpu",)).desk) as opened:
        yield opened


def test_metrics_are_prometheus_text_and_count_what_the_tables_hold(desk):
    desk.journal.enqueue(NewRun("run-1", "research", desk.as_of(), {"theses": []}, "1"))
    rows = Schedules(desk.database)
    rows.save("morning", Schedule(when="daily 07:30 UTC"), "person", desk.clock())
    rows.report("morning", "the calendar ends")
    answer = TestClient(watching_app(desk)).get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    found = {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }
    assert found["stoa_runs", "queued"] == found["stoa_runs_due",] == found["stoa_schedule_failing", "morning"] == 1
    assert found["stoa_runs", "failed"] == found["stoa_approvals_pending",] == found["stoa_cost_usd",] == 0


def test_health_is_said_and_so_is_its_end(desk):
    client = TestClient(watching_app(desk))
    assert client.get("/healthz").json() == {"status": "ok"}
    with desk.database.writing() as connection:
        connection.exec_driver_sql("ALTER TABLE runs RENAME TO gone")
    answer = client.get("/healthz")
    assert answer.status_code == 503
    assert "stoa doctor" in answer.json()["reason"]


def test_a_log_line_is_one_json_object_with_the_run_it_is_about():
    out = io.StringIO()
    handler = logging.StreamHandler(out)
    handler.setFormatter(JsonLines())
    log = logging.getLogger("stoa.test.watching")
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    token = RUN.set("run-1")
    try:
        log.warning("two\nlines %s", "银")
        1 / 0  # noqa: B018
    except ZeroDivisionError:
        log.exception("failed")
    finally:
        RUN.reset(token)
    log.info("outside")
    first, second, third = [json.loads(line) for line in out.getvalue().splitlines()]
    assert (first["message"], first["run_id"], first["level"]) == ("two\nlines 银", "run-1", "warning")
    assert "ZeroDivisionError" in second["error"]
    assert "run_id" not in third


def told(error):
    """What the log of a serving process says of an error."""
    out = io.StringIO()
    handler = logging.StreamHandler(out)
    handler.addFilter(in_a_line)
    handler.handle(
        logging.LogRecord("asyncio", logging.ERROR, "", 0, "Task exception\nwas never retrieved", (), (type(error), error, None))
    )
    return out.getvalue().splitlines()


def test_a_queue_whose_database_is_away_is_one_line_of_the_log_and_another_fault_keeps_its_traceback():
    away = procrastinate.exceptions.ConnectorException()
    away.__cause__ = OSError("no route")
    assert told(away) == ["the queue's database cannot be used: no route"]
    assert told(ValueError("ours"))[-1] == "ValueError: ours"


def on_port(desk, port):
    desk.settings = desk.settings.model_copy(update={"watching": WatchingSettings(port=port)})
    return desk


def test_a_serving_process_answers_on_loopback_while_it_serves_and_no_longer(desk):
    with watched(on_port(desk, 0)) as where:
        assert where.startswith("http://127.0.0.1:")
        assert httpx.get(f"{where}/healthz").json() == {"status": "ok"}
        assert 'stoa_runs{status="queued"} 0' in httpx.get(f"{where}/metrics").text
        assert httpx.get(f"{where}/anything").status_code == 404
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{where}/healthz")


def test_without_a_port_nothing_listens(desk):
    before = threading.active_count()
    with watched(desk) as where:
        assert where == ""
        assert threading.active_count() == before


def test_a_port_that_is_taken_is_refused_in_a_sentence_that_names_the_setting(desk):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(InputError, match=f"127.0.0.1:{port} cannot be served on .*STOA_WATCHING__PORT"), watched(on_port(desk, port)):
            pass


def test_without_the_extra_a_port_is_refused_in_a_sentence_that_names_it(desk, monkeypatch):
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    with pytest.raises(InputError, match=r"install stoa-desk\[board\]"), watched(on_port(desk, 0)):
        pass


def test_a_worker_answers_while_it_advances_runs(desk, capfd):
    """The command's own function, with a stop that waits for the answer."""
    seen = []

    def stop():
        found = re.search(r"Health and metrics are at (http://\S+)\.\n", capfd.readouterr().err)
        if found and not seen:
            seen.append(httpx.get(f"{found[1]}/healthz").json())
        return True

    serve_worker(on_port(desk, 0), SilentChannel(), stop)
    assert seen == [{"status": "ok"}]


def test_the_board_tells_everybody_its_health_and_its_metrics_only_to_who_may_see_them(desk):
    from integrations.board.app import make_app

    with TestClient(make_app(desk, "a-token-for-this-test"), base_url="http://localhost") as client:
        assert client.get("/healthz").json() == {"status": "ok"}
        assert client.get("/metrics").status_code == 401
        assert client.get("/metrics", headers={"authorization": "Bearer wrong"}).status_code == 401
        told = client.get("/metrics", headers={"authorization": "Bearer a-token-for-this-test"})
        assert 'stoa_runs{status="queued"} 0' in told.text
        with desk.database.writing() as connection:
            connection.exec_driver_sql("ALTER TABLE runs RENAME TO gone")
        answer = client.get("/healthz")
        assert (answer.status_code, answer.json()) == (503, {"status": "failed"})


def test_the_log_of_a_serving_desk_keeps_out_addresses_that_hold_a_key(caplog):
    caplog.set_level(logging.INFO)
    start_logging("text")
    with httpx.Client(transport=httpx.MockTransport(lambda request: httpx.Response(200))) as client:
        client.get("https://data.example/series", params={"api_key": "a-secret"})
    assert "a-secret" not in caplog.text
