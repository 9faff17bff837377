"""OpenTelemetry: what ``agents.tracing`` is told, as traces and metrics for a collector."""

import logging
from time import perf_counter
from typing import TYPE_CHECKING, Any

from agents import tracing
from agents.tracing import Attributes
from memory.errors import InputError

if TYPE_CHECKING:
    from opentelemetry.metrics import MeterProvider
    from opentelemetry.trace import Span, TracerProvider

NAME = "stoa"
TIMEOUT = 2.0
"""Seconds for one delivery: a collector that is away does not hold up the end of a command for longer."""
SECONDS = (0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92)
TOKENS = (1, 4, 16, 64, 256, 1024, 4096, 16384, 65536, 262144, 1048576)
"""Bounds of the histograms, as the conventions advise."""
_ABOUT = {"invoke_workflow": tracing.WORKFLOW, "invoke_agent": tracing.AGENT, "execute_tool": tracing.TOOL, "chat": tracing.ASKED_MODEL}
"""What a span of each kind is named after."""
_DIMENSIONS = (
    tracing.OPERATION, tracing.WORKFLOW, tracing.AGENT, tracing.TOOL, tracing.PROVIDER, tracing.ASKED_MODEL, tracing.MODEL, tracing.BY,
)  # fmt: skip
"""Attributes that metrics are divided by: names, of which there are few, never ids."""


class OpenTelemetry:
    """Fulfils ``Tracing``."""

    def __init__(self, tracers: "TracerProvider", meters: "MeterProvider") -> None:
        self._tracer = tracers.get_tracer(NAME)
        meter = meters.get_meter(NAME)
        seconds: dict[str, Any] = {"unit": "s", "explicit_bucket_boundaries_advisory": SECONDS}
        self.calls = meter.create_histogram("gen_ai.client.operation.duration", description="of model calls", **seconds)
        self.tokens = meter.create_histogram(
            "gen_ai.client.token.usage", unit="{token}", description="of model calls", explicit_bucket_boundaries_advisory=TOKENS
        )
        self.work = meter.create_histogram("stoa.operation.duration", description="of runs, turns and tools", **seconds)
        self.cost = meter.create_counter("stoa.cost", unit="USD", description="spent on models")

    def begin(self, operation: str, parent: tracing.Span | None, attributes: Attributes) -> "Watched":
        """A span, under that of ``parent``, or the first of a trace."""
        from opentelemetry.context import Context
        from opentelemetry.trace import SpanKind, set_span_in_context

        above = set_span_in_context(parent.span, Context()) if isinstance(parent, Watched) else Context()
        kind = SpanKind.CLIENT if operation == "chat" else SpanKind.INTERNAL
        return Watched(self, self._tracer.start_span(operation, above, kind, dict(attributes)), attributes)


class Watched:
    """Fulfils ``Span``."""

    def __init__(self, telemetry: OpenTelemetry, span: "Span", attributes: Attributes) -> None:
        self._telemetry = telemetry
        self.span = span
        self._known = dict(attributes)
        self._began = perf_counter()
        self._over = False

    def note(self, attributes: Attributes) -> None:
        """Attributes; what is empty says nothing."""
        told = {name: value for name, value in attributes.items() if value != ""}
        self._known |= told
        self.span.set_attributes(told)

    def end(self, error: str = "") -> None:
        """End the span and count what it was."""
        if self._over:
            return
        self._over = True
        if error:
            from opentelemetry.trace import StatusCode

            self._known["error.type"] = error
            self.span.set_attribute("error.type", error)
            self.span.set_status(StatusCode.ERROR)
        operation = str(self._known[tracing.OPERATION])
        self.span.update_name(f"{operation} {self._known.get(_ABOUT[operation], '')}".strip())
        self.span.end()
        self._count(operation, perf_counter() - self._began)

    def _count(self, operation: str, seconds: float) -> None:
        known = {name: self._known[name] for name in (*_DIMENSIONS, "error.type") if name in self._known}
        telemetry = self._telemetry
        if operation != "chat":
            telemetry.work.record(seconds, known)
            return
        if self._known.get(tracing.KNOWN):
            return  # nobody was called
        telemetry.calls.record(seconds, known)
        for kind, name in (("input", tracing.INPUT_TOKENS), ("output", tracing.OUTPUT_TOKENS)):
            if name in self._known:
                telemetry.tokens.record(int(self._known[name]), {**known, "gen_ai.token.type": kind})
        telemetry.cost.add(float(self._known.get(tracing.COST, 0.0)), known)


def start_telemetry(endpoint: str = "") -> None:
    """Send traces and metrics of this process to a collector over OTLP/HTTP until it ends; once, however often it is asked for.

    Raises:
        InputError: the extra is missing.
    """
    if tracing.watched():
        return
    try:
        tracers, meters = providers(endpoint)
    except ImportError as error:
        raise InputError("watching.telemetry needs the extra 'telemetry': install stoa-desk[telemetry], or set it to off") from error
    tracing.watch(OpenTelemetry(tracers, meters))


def providers(endpoint: str) -> "tuple[Any, Any]":
    """The SDK's providers of spans and metrics; both are shut down, and so sent, when the process ends."""
    from importlib.metadata import version

    from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.metrics import MeterProvider
    from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    # Of a collector that is away it is enough to say that nothing could be delivered, not each attempt.
    logging.getLogger("opentelemetry").setLevel(logging.ERROR)
    base = endpoint.rstrip("/")
    # What the environment says of the service (OTEL_SERVICE_NAME, OTEL_RESOURCE_ATTRIBUTES) holds over this.
    named = {key: value for key, value in Resource.create().attributes.items() if not str(value).startswith("unknown_service")}
    resource = Resource({"service.name": NAME, "service.version": version("stoa-desk"), **named})
    tracers = TracerProvider(resource=resource)
    tracers.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(f"{base}/v1/traces" if base else None, timeout=TIMEOUT)))
    exporter = OTLPMetricExporter(f"{base}/v1/metrics" if base else None, timeout=TIMEOUT)
    return tracers, MeterProvider([PeriodicExportingMetricReader(exporter)], resource)
