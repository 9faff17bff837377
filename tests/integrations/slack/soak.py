"""Many events at a steady rate into a process that is cut off and killed; what must hold is counted afterwards."""

import random
import signal
import threading
import time
from contextlib import closing
from sqlite3 import connect
from statistics import quantiles

from tests.commands import Command, environment

PER_THREAD = 10


class Process:
    """``stoa serve --slack`` as a person starts it."""

    def __init__(self, folder, slack):
        secrets = {"SLACK_BOT_TOKEN": slack.bot_token, "SLACK_APP_TOKEN": slack.app_token}
        self._slack = slack
        self._words = ["serve", "--slack", "--desk", folder]
        self._environment = environment(secrets)
        self._log = (folder / "serve.log").open("ab")
        self.start()

    def start(self):
        before = self._slack.socket.connections
        self._process = Command(*self._words, env=self._environment, output=self._log)
        self._slack.until(lambda: self._slack.socket.connections > before or self._process.poll() is not None, 60)
        assert self._process.poll() is None, "the process ended"

    def kill(self):
        """As a power cut does, then begin again."""
        self._process.send_signal(signal.SIGKILL)
        self._process.wait(timeout=5)
        self.start()

    def stop(self):
        self._process.terminate()
        try:
            self.code = self._process.wait(timeout=15)
        finally:
            if self._process.poll() is None:
                self._process.kill()
            self._log.close()


class Soak:
    """``run`` delivers; the properties say what came of it."""

    def __init__(self, slack, folder, events, *, rate=50.0, channels=5, seed=7):
        self.slack, self.folder, self.rate = slack, folder, rate
        self.random = random.Random(seed)
        self.expected = {}
        self.starts = []
        for number in range(channels):
            slack.workspace.channels[f"CLOAD{number}"] = {"name": f"load-{number}", "is_member": True}
        self.plan = self._plan(events, channels)

    def _plan(self, events, channels):
        """(channel, thread number, place in the thread) of each event, the threads interleaved."""
        threads = events // PER_THREAD
        return [(f"CLOAD{thread % channels}", thread, place) for place in range(PER_THREAD) for thread in range(threads)]

    def run(self, *, duplicates=0.1, disconnects=5, kills=3):
        total = len(self.plan)
        cuts = {int(total * (n + 1) / (disconnects + 1)) for n in range(disconnects)}
        deaths = {int(total * (n + 0.6) / kills) for n in range(kills)}
        process = Process(self.folder, self.slack)
        try:
            self._deliver(duplicates, cuts, deaths, process)
            self.slack.until(self._all_there, 30 + total * 0.25, why=f"{len(self.keys())} of {total} answers")
            self.slack.until(lambda: not self.slack.unacknowledged(), 10)
        finally:
            process.stop()
        self.exit = process.code

    def _deliver(self, duplicates, cuts, deaths, process):
        roots, waits = {}, threading.Event()
        begin, paused = time.monotonic(), 0.0
        held = None
        for number, (channel, thread, place) in enumerate(self.plan):
            text = f"<@{self.slack.bot}> what of lot {thread}?" if place == 0 else f"and of part {place}?"
            message = self.slack.on_loop(self.slack._say("UADA", text, channel, roots.get(thread)))
            roots.setdefault(thread, message["ts"])
            event_id = f"EvSoak{number:05d}"
            self.expected.setdefault((channel, roots[thread]), []).append(event_id)
            event = {**message, "channel": channel, "channel_type": "channel", "event_ts": message["ts"]}
            copies = 2 if self.random.random() < duplicates else 1
            # Now and then two events arrive the wrong way round.
            if held is None and self.random.random() < 0.1:
                held = (event, event_id, copies)
            else:
                self.slack.event(event, event_id=event_id, copies=copies)
                if held:
                    self.slack.event(held[0], event_id=held[1], copies=held[2])
                    held = None
            if number in cuts:
                stopped, before = time.monotonic(), self.slack.socket.connections
                self.slack.disconnect(politely=number % 2 == 0)
                self.slack.until(lambda: self.slack.socket.connections > before, 10)  # noqa: B023 - it is called here only
                paused += time.monotonic() - stopped
            if number in deaths:
                stopped = time.monotonic()
                process.kill()
                paused += time.monotonic() - stopped
                self.starts.append(round(time.monotonic() - stopped, 1))
            waits.wait(max(0.0, begin + paused + (number + 1) / self.rate - time.monotonic()))
        if held:
            self.slack.event(held[0], event_id=held[1], copies=held[2])

    def keys(self):
        """Every key that a message in the channels carries."""
        found = []
        for channel in {name for name, _, _ in self.plan}:
            for message in self.slack.posts(channel):
                found += message.get("metadata", {}).get("event_payload", {}).get("keys", [])
        return found

    def _all_there(self):
        return len(set(self.keys())) >= len(self.plan)

    def answered(self):
        """Event ids in the order of their answers, by thread."""
        found = {}
        for channel, root in self.expected:
            for message in self.slack.posts(channel, root):
                for key in message["metadata"]["event_payload"]["keys"]:
                    found.setdefault((channel, root), []).append(key.split(":answer:")[1].split(":")[0])
        return found

    def outcomes(self):
        with closing(connect(self.folder / ".stoa" / "desk.db")) as connection:
            return dict(connection.execute("SELECT outcome, count(*) FROM slack_inbox GROUP BY outcome").fetchall())

    def heard(self):
        """What the desk's memory holds of what was said."""
        with closing(connect(self.folder / ".stoa" / "desk.db")) as connection:
            return connection.execute("SELECT count(*) FROM records WHERE kind = 'message' AND trust = 'person'").fetchone()[0]

    def acks(self):
        """p50, p99 and the worst, in milliseconds."""
        seconds = self.slack.acks()
        cut = quantiles(seconds, n=100)
        return round(cut[49] * 1000), round(cut[98] * 1000), round(seconds[-1] * 1000)


def empty_desk(folder, slack, more=""):
    """A desk without theses: an answer is a search of its memory."""
    folder.mkdir(parents=True)
    channels = ", ".join(f'"CLOAD{number}"' for number in range(20))
    (folder / "stoa.toml").write_text(
        f'[desk]\nname = "load"\n\n[slack]\nchannels = [{channels}]\npost_seconds = 0.03\nsettle_seconds = 0.1\nping_seconds = 1.0\n'
        f'api_url = "{slack.url}/api/"\n{more}\n',
        encoding="utf-8",
    )
    return folder
