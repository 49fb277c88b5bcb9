"""Which runs are live or were cut off, so that `nanoprobe safe` knows the benches to make safe."""

import hashlib
import json
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from platformdirs import user_state_path

from nanoprobe.benchfile import BenchFile

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class LiveRun:
    """A run that has begun and not ended properly: its path and the bench it runs on."""

    run: Path
    bench: dict[str, Any]


def folder() -> Path:
    """Return where live runs are noted: `NANOPROBE_STATE`, or the user's state folder."""
    return Path(os.environ.get("NANOPROBE_STATE") or user_state_path("nanoprobe", appauthor=False)) / "live"


@contextmanager
def noted(run: Path, bench: BenchFile) -> Iterator[None]:
    """Note `run` for the time of the block; the note stays when the block does not end normally."""
    place = _place(run)
    place.parent.mkdir(parents=True, exist_ok=True)
    content = {"run": str(run.resolve()), "bench": bench.model_dump(mode="json")}
    fresh = place.with_suffix(".new")
    fresh.write_text(json.dumps(content), encoding="utf-8")
    fresh.replace(place)
    yield
    place.unlink(missing_ok=True)


def live_runs() -> list[LiveRun]:
    """Return every noted run; a damaged note is named in the log and left where it is."""
    found = []
    for note in sorted(folder().glob("*.json")):
        try:
            content = json.loads(note.read_text(encoding="utf-8"))
            found.append(LiveRun(Path(content["run"]), dict(content["bench"])))
        except (OSError, ValueError, KeyError, TypeError) as error:
            _log.warning("the note %s of a live run cannot be read (%s); look at it by hand", note, error)
    return found


def forget(run: Path) -> None:
    """Drop the note of a run."""
    _place(run).unlink(missing_ok=True)


def _place(run: Path) -> Path:
    return folder() / f"{hashlib.sha256(str(run.resolve()).encode()).hexdigest()[:16]}.json"
