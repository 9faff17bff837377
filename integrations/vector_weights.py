"""What the vectors of the desk's model count, as it was measured; kept beside the index, for that model alone."""

from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError

if TYPE_CHECKING:
    from memory.ranking import Weights
    from memory.weighing import Measured

FILE = "vector-weights.json"


class VectorWeights:
    """The file of a desk. A change by another process is seen at the next question."""

    def __init__(self, state: Path) -> None:
        self._path = state / FILE
        self._read_at = -1
        self._kept: Measured | None = None

    def measured(self, fingerprint: str) -> "Measured | None":
        """What was measured for a model; None when it was not."""
        try:
            changed = self._path.stat().st_mtime_ns
        except OSError:
            return None
        if changed != self._read_at:
            self._kept, self._read_at = self._load(), changed
        return self._kept if self._kept is not None and self._kept.fingerprint == fingerprint else None

    def of(self, fingerprint: str) -> "Weights | None":
        """The same as ranking takes it."""
        found = self.measured(fingerprint)
        return found.weights() if found else None

    def keep(self, measured: "Measured") -> None:
        """Write it down, whole or not at all."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        beside = self._path.with_suffix(".part")
        beside.write_text(measured.model_dump_json(indent=1), encoding="utf-8")
        beside.replace(self._path)

    def _load(self) -> "Measured | None":
        from memory.weighing import Measured

        try:
            return Measured.model_validate_json(self._path.read_text(encoding="utf-8"))
        except (OSError, ValidationError):
            return None  # as if it had not been measured: the doctor says so
