"""Which embedding the desk's index was made with, and the change to another one."""

import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError

from integrations.settings import EmbeddingSettings
from memory.errors import StoaError

if TYPE_CHECKING:
    from memory.embedding import Embedder
    from memory.reindex import SwappableIndex
    from memory.store import Store

FILE = "embedding.json"


def made_with(state: Path) -> EmbeddingSettings | None:
    """The setting that the present index was made with; None when there is none, or it cannot be read."""
    try:
        return EmbeddingSettings(**json.loads((state / FILE).read_text(encoding="utf-8")))
    except (OSError, ValueError, ValidationError, TypeError):
        return None


def now_made_with(state: Path, settings: EmbeddingSettings) -> None:
    """Remember the setting. It holds names of variables, never a key."""
    state.mkdir(parents=True, exist_ok=True)
    (state / FILE).write_text(settings.model_dump_json(exclude_defaults=True), encoding="utf-8")


class Reindexing:
    """The build of a new index in a thread of its own."""

    def __init__(
        self, store: "Store", serving: "SwappableIndex", embedder: "Embedder", done: Callable[[], None], warn: Callable[[str], None]
    ) -> None:
        self._parts = (store, serving, embedder)
        self._finished = done
        self._warn = warn
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="reindex")
        self.records = 0

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def _run(self) -> None:
        from memory.reindex import StoppedError, reindex

        try:
            self.records = reindex(*self._parts, lambda done: setattr(self, "records", done), self._stop)
        except StoppedError:
            return
        except StoaError as error:
            self._warn(f"the old vector index goes on serving: {error}")
            return
        self._finished()

    def wait(self, seconds: float | None = None) -> bool:
        """Wait for the end; whether it came."""
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def stop(self) -> None:
        """Ask for the end and wait for it: at most a batch."""
        self._stop.set()
        self._thread.join()
