"""What those who watch a desk see."""

import io
import json
import logging

import pytest
from prometheus_client.parser import text_string_to_metric_families
from starlette.testclient import TestClient

from integrations.desk import Desk
from integrations.watching.app import watching_app
from integrations.watching.logs import JsonLines
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
