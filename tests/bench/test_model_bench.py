"""The model layer's own cost, against a Messages API on loopback: ``python -m pytest tests/bench/test_model_bench.py --benchmark-only``."""

import http.client
import json
import multiprocessing
import shutil
import statistics
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import replace
from urllib.parse import urlsplit

import pytest

from agents.model_turn import ModelTurn
from agents.playbook import PlaybookTurn
from integrations.desk import Desk
from integrations.terminal import SilentChannel
from orchestrator import runs
from tests.acceptance.test_model_economy import Counting, inputs, run
from tests.commands import ROOT
from tests.fakes.desk_brain import desk_brain
from tests.fakes.messages_api import MessagesServer
from tests.model_desk import ask_model, small_desk


class Timed(Counting):
    """A model whose waiting is on a clock of its own."""

    def __init__(self, model):
        super().__init__(model)
        self.seconds = 0.0
        self.sizes = []

    def complete_all(self, prompts, say=None):
        self.sizes.append(len(prompts))
        began = time.perf_counter()
        try:
            return super().complete_all(prompts, say)
        finally:
            self.seconds += time.perf_counter() - began


def once(folder, api):
    """One run in this process; returns (seconds in all, seconds in the client, the sizes of its rounds, calls)."""
    ask_model(folder, api)
    with Desk(folder) as desk:
        context = desk.context(SilentChannel())
        timed = Timed(desk.model)
        context = replace(context, agent=ModelTurn(timed, PlaybookTurn(), desk.roles, desk.check(desk.store)))
        began = time.perf_counter()
        runs.start(context, desk.checkpoints, "r1", desk.as_of(), [])
        return time.perf_counter() - began, timed.seconds, timed.sizes, len(api.requests)


def test_a_thesis_with_a_model_of_200_ms_takes_its_waits_and_at_most_a_second(benchmark, prepared, tmp_path):
    numbers = iter(range(100))

    def go():
        folder = tmp_path / f"desk-{next(numbers)}"
        shutil.copytree(prepared, folder)
        with MessagesServer(desk_brain, latency=0.2) as api:
            return once(folder, api)

    go()  # imports are made once a process
    seconds, _, sizes, _ = benchmark.pedantic(go, rounds=3)
    benchmark.extra_info |= {"serial_calls": len(sizes), "seconds": round(seconds, 2)}
    assert len(sizes) <= 8
    assert seconds <= 8 * 0.2 + 1


def serve(line):
    """The service in a process of its own: says where it listens, then what it was asked since, until it is told to end."""
    with MessagesServer(desk_brain) as api:
        line.send(api.url)
        while line.recv():
            line.send([json.dumps(request.body) for request in api.requests])


class Apart:
    """What ``once`` needs of a service whose work is not this process's."""

    def __init__(self, line):
        self._line = line
        self.url = line.recv()

    @property
    def requests(self):
        self._line.send(True)
        return self._line.recv()


@pytest.fixture
def api():
    ours, its = multiprocessing.get_context("spawn").Pipe()
    process = multiprocessing.get_context("spawn").Process(target=serve, args=(its,))
    process.start()
    yield Apart(ours)
    ours.send(False)
    process.join(10)


def service(url, rounds):
    """Seconds that the service itself takes for rounds of requests: asked by a client that does nothing else."""
    place, kept = urlsplit(url), threading.local()
    headers = {"content-type": "application/json", "x-api-key": "k", "anthropic-version": "2023-06-01"}

    def ask(body):
        if not hasattr(kept, "connection"):
            kept.connection = opened.enter_context(closing(http.client.HTTPConnection(place.hostname, place.port)))
        kept.connection.request("POST", "/v1/messages", body, headers)
        kept.connection.getresponse().read()

    with ExitStack() as opened, ThreadPoolExecutor(8) as pool:
        list(pool.map(ask, rounds[0]))
        began = time.perf_counter()
        for bodies in rounds:
            list(pool.map(ask, bodies))
        return time.perf_counter() - began


def test_everything_but_the_model_costs_at_most_20_ms_a_call(benchmark, prepared, tmp_path, api):
    """A run with a model against the same run without one, less what the service itself takes: client, tools, checks, receipts."""
    numbers, asked = iter(range(100)), [0]

    def folder():
        return shutil.copytree(prepared, tmp_path / f"desk-{next(numbers)}")

    def go():
        seconds, waiting, sizes, calls = once(folder(), api)
        asked.append(calls)
        bodies = iter(api.requests[asked[-2] :])
        rounds = [[next(bodies) for _ in range(size)] for size in sizes]
        return seconds, waiting, rounds, calls - asked[-2]

    def without():
        with Desk(folder()) as desk:
            context = desk.context(SilentChannel())
            began = time.perf_counter()
            runs.start(context, desk.checkpoints, "r1", desk.as_of(), [])
            return time.perf_counter() - began

    go(), without()
    beyond, waited, served = [], [], []

    def pair():
        whole, waiting, rounds, calls = go()
        model = service(api.url, rounds)
        asked[-1] = len(api.requests)
        beyond.append((whole - without() - model) / calls)
        waited.append(waiting / calls)
        served.append(model / calls)

    benchmark.pedantic(pair, rounds=13)
    a_call = statistics.median(beyond)
    benchmark.extra_info |= {
        "ms_a_call": round(1000 * a_call, 1), "client_ms_a_call": round(1000 * statistics.median(waited), 1),
        "service_ms_a_call": round(1000 * statistics.median(served), 1),
    }  # fmt: skip
    assert a_call <= 0.020


def test_input_per_thesis_grows_by_less_than_a_tenth_from_1000_to_100000_records(benchmark, tmp_path):
    def go():
        counts = []
        for extra in (1_000, 100_000):
            folder = small_desk(tmp_path / f"desk-{extra}")
            with MessagesServer(desk_brain) as api:
                run(folder, api, extra)
            counts.append(inputs(api))
        return counts

    small, large = benchmark.pedantic(go, rounds=1)
    benchmark.extra_info |= {"tokens_at_1000": small, "tokens_at_100000": large}
    assert large <= 1.1 * small


def test_a_run_with_a_model_stays_under_250_mib_without_a_vector_store(benchmark, prepared, tmp_path):
    folder = tmp_path / "desk"
    shutil.copytree(prepared, folder)

    def go():
        with MessagesServer(desk_brain) as api:
            ask_model(folder, api)
            code = (
                "import re\nfrom dataclasses import replace\nfrom pathlib import Path\nfrom integrations.desk import Desk\n"
                "from integrations.terminal import SilentChannel\nfrom orchestrator import runs\nfrom memory.recall import Recall\n"
                "class Nothing:\n    def publish(self, run_id, as_of): return {}\n"
                f"with Desk(Path({str(folder)!r})) as desk:\n"
                "    context = desk.context(SilentChannel())\n"
                "    recall = Recall(desk.database, desk.store, lambda: None)\n"
                "    context = replace(context, recall=recall, index=lambda: 0, reporter=Nothing())\n"
                "    runs.start(context, desk.checkpoints, 'r1', desk.as_of(), [])\n"
                # Not ru_maxrss: a process inherits that of the one it was started from.
                "print(int(re.search(r'VmHWM:\\s*(\\d+)', Path('/proc/self/status').read_text())[1]) // 1024)\n"
            )
            return int(subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout)

    mib = benchmark.pedantic(go, rounds=1)
    benchmark.extra_info["peak_mib"] = mib
    assert mib <= 250
