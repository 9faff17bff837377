"""Traces and metrics: what a run, its agents, its tools and its model calls leave at a collector, and what they do not."""

import sys
import threading
from collections import defaultdict
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from agents import tracing
from agents.errors import QuantError
from agents.tool import call
from integrations.desk import Desk
from integrations.terminal import SilentChannel
from integrations.watching.telemetry import OpenTelemetry, providers, start_telemetry
from memory.errors import InputError
from orchestrator import conversation, runs
from tests.fakes.desk_brain import desk_brain
from tests.fakes.messages_api import MessagesServer
from tests.model_desk import ask_model

RUNWAY = {"capex": 26, "revenue": 12, "ebitda": 8, "cash": 2}


class Seen:
    """What was exported, in memory."""

    def __init__(self):
        self.exporter, self.reader = InMemorySpanExporter(), InMemoryMetricReader()
        tracers = TracerProvider()
        tracers.add_span_processor(SimpleSpanProcessor(self.exporter))
        tracing.watch(OpenTelemetry(tracers, MeterProvider([self.reader])))

    @property
    def spans(self):
        return self.exporter.get_finished_spans()

    def above(self, span):
        """The names over a span, from its parent to the root."""
        known = {item.context.span_id: item for item in self.spans}
        names = []
        while span.parent is not None:
            span = known[span.parent.span_id]
            names.append(span.name)
        return names

    def named(self, beginning):
        return [span for span in self.spans if span.name.startswith(beginning)]

    def points(self):
        """Data points by the name of their metric."""
        found = defaultdict(list)
        for resource in self.reader.get_metrics_data().resource_metrics:
            for metric in resource.scope_metrics[0].metrics:
                found[metric.name] += metric.data.data_points
        return found


@pytest.fixture
def seen():
    yield Seen()
    tracing.watch(None)


class Nothing:
    """Fulfils ``Reporter``: drawing takes seconds and is nobody's turn."""

    def publish(self, run_id, as_of):
        return {}


def test_a_run_is_a_tree_of_its_agents_their_tools_and_model_calls_with_tokens_and_cost(seen, folder):
    with MessagesServer(desk_brain) as api:
        ask_model(folder, api)
        toml = folder / "stoa.toml"
        toml.write_text(toml.read_text(encoding="utf-8").replace("[desk]\n", "[desk]\nrounds = 1\n"), encoding="utf-8")
        with Desk(folder) as desk:
            context = replace(desk.context(SilentChannel()), reporter=Nothing())
            runs.start(context, desk.checkpoints, "run-1", desk.as_of(), [])
            receipts = desk.journal.receipts()
    (root,) = seen.named("invoke_workflow")
    assert (root.name, root.parent, root.attributes["stoa.run.id"]) == ("invoke_workflow research", None, "run-1")
    assert root.attributes["stoa.run.status"] in {"waiting", "done"}
    turns = seen.named("invoke_agent")
    assert {span.attributes["gen_ai.agent.name"] for span in turns} >= {"architect", "data-analyst", "quant", "developer", "frontend"}
    assert {tuple(seen.above(span)) for span in turns} == {("invoke_workflow research",)}
    tools = seen.named("execute_tool quant.")
    assert {tuple(seen.above(span)) for span in tools} == {("invoke_agent quant", "invoke_workflow research")}
    assert {_by(seen, span) for span in tools} == {"playbook", "model"}
    calls = seen.named("chat")
    assert {span.name for span in calls} == {"chat claude-opus-4-5"}
    assert len(calls) == len(receipts)
    agents = [span for span in calls if span.attributes["gen_ai.agent.name"] == "quant"]
    assert {tuple(seen.above(span)) for span in agents} == {("invoke_agent quant", "invoke_workflow research")}
    assert len({span.context.trace_id for span in seen.spans}) == 1
    assert sum(span.attributes["stoa.cost_usd"] for span in calls) == pytest.approx(sum(row["cost_usd"] for row in receipts))
    assert sum(span.attributes["gen_ai.usage.output_tokens"] for span in calls) == sum(row["usage"]["output_tokens"] for row in receipts)
    assert {span.attributes["gen_ai.response.id"] for span in calls} == {row["request_id"] for row in receipts}
    points = seen.points()
    worked = {point.attributes["gen_ai.operation.name"] for point in points["stoa.operation.duration"]}
    assert worked == {"invoke_workflow", "invoke_agent", "execute_tool"}
    assert sum(point.count for point in points["gen_ai.client.operation.duration"]) == len(calls)
    assert {point.attributes["gen_ai.token.type"] for point in points["gen_ai.client.token.usage"]} == {"input", "output"}
    assert sum(point.value for point in points["stoa.cost"]) == pytest.approx(sum(row["cost_usd"] for row in receipts))
    _nothing_told(seen, "GPU", "As quant", "capex", "evidence", "runway")


def _by(seen, span):
    known = {item.context.span_id: item for item in seen.spans}
    return known[span.parent.span_id].attributes["stoa.turn.by"]


def _nothing_told(seen, *texts):
    """Ids, names, counts and amounts only."""
    told = " ".join(str(value) for span in seen.spans if not span.name.startswith("execute_tool") for value in span.attributes.values())
    assert not [text for text in texts if text in told]
    assert all(not span.events for span in seen.spans)


def test_an_answer_in_a_thread_is_a_run_of_its_own_with_the_thread_as_its_conversation(seen, folder):
    with Desk(folder) as desk:
        conversation.ask(desk.context(SilentChannel()), "thread-1", "@quant the runway?", "", desk.roles, desk.as_of())
    (root,) = seen.named("invoke_workflow")
    assert (root.name, root.attributes["gen_ai.conversation.id"]) == ("invoke_workflow conversation", "thread-1")
    assert seen.above(seen.named("invoke_agent quant")[0]) == ["invoke_workflow conversation"]
    _nothing_told(seen, "the runway?")


def test_what_fails_is_marked_with_its_class_and_not_with_its_words(seen):
    with pytest.raises(QuantError):
        call("quant.runway", {**RUNWAY, "capex": -1})
    (span,) = seen.spans
    assert (span.attributes["error.type"], span.status.description) == ("QuantError", None)


def test_without_a_watcher_nothing_is_made():
    with tracing.span("execute_tool", {}) as span:
        assert span is tracing.UNWATCHED
    assert not tracing.watched()


def test_without_the_extra_it_is_refused_in_a_sentence_that_names_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.trace", None)
    with pytest.raises(InputError, match=r"install stoa-desk\[telemetry\]"):
        start_telemetry()
    assert not tracing.watched()


@contextmanager
def collector():
    """An OTLP receiver on loopback; yields its address and what came, by path."""
    came = defaultdict(list)

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self):
            came[self.path].append(self.rfile.read(int(self.headers["content-length"])))
            self.send_response(200)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", came
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_traces_and_metrics_reach_a_collector_over_otlp():
    with collector() as (where, came):
        tracers, meters = providers(where)
        tracing.watch(OpenTelemetry(tracers, meters))
        try:
            call("quant.runway", RUNWAY)
        finally:
            tracing.watch(None)
            tracers.shutdown()
            meters.shutdown()
    (traces,) = [ExportTraceServiceRequest.FromString(body) for body in came["/v1/traces"]]
    (resource,) = traces.resource_spans
    assert resource.scope_spans[0].spans[0].name == "execute_tool quant.runway"
    assert {item.value.string_value for item in resource.resource.attributes if item.key == "service.name"} == {"stoa"}
    measured = ExportMetricsServiceRequest.FromString(came["/v1/metrics"][0])
    assert measured.resource_metrics[0].scope_metrics[0].metrics[0].name == "stoa.operation.duration"
