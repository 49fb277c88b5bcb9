"""A prediction, computed in a process of its own. Knows no Qt.

The libraries of the finite elements hold Python's lock for tenths of a second at a time; in a thread of the app that would hold
up STOP, and a ramp that the host steps. A process of its own holds up nothing, and ends at once when it is cancelled.
"""

import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from nanoprobe.errors import NanoprobeError

NICE = 10
"""How far the computation stands back behind what the app does meanwhile (1)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PredictionOrder:
    """What is computed from which runs, and the run it becomes; None where there is none."""

    mapped: Path
    triggers: Path | None
    modulus: Path | None
    out: Path

    def text(self) -> str:
        """Return it as one line that `read` understands."""
        paths = {"mapped": self.mapped, "triggers": self.triggers, "modulus": self.modulus, "out": self.out}
        return json.dumps({name: path and str(path) for name, path in paths.items()})

    @classmethod
    def read(cls, text: str) -> "PredictionOrder":
        """Return the order that `text` has written."""
        return cls(**{name: path and Path(path) for name, path in json.loads(text).items()})


class PredictionProcess:
    """One computation. `follow` is called once, in a thread that may wait; `cancel` from any."""

    def __init__(self, order: PredictionOrder) -> None:
        self._order = order
        self._lock = threading.Lock()
        self._cancelled = False
        self._process: subprocess.Popen[str] | None = None

    def follow(self, tell: Callable[[float], None]) -> Path | None:
        """Compute, `tell` the share done (0..1) on the way, and return the stored run; None when it was cancelled.

        Raises NanoprobeError with what a person should read.
        """
        command = [sys.executable, "-P", "-m", "gui.prediction_process", self._order.text()]
        with self._lock:
            if self._cancelled:
                return None
            self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        with self._process as process:
            assert process.stdout is not None
            for line in process.stdout:
                word, _, rest = line.rstrip("\n").partition(" ")
                if word == "share":
                    tell(float(rest))
                elif word == "done":
                    return self._order.out
                elif word == "problem":
                    raise NanoprobeError(rest)
        self._clear_up(process.returncode)
        return None

    def cancel(self) -> None:
        """End the computation; what it had begun to store goes with it."""
        with self._lock:
            self._cancelled = True
            if self._process is not None:
                self._process.terminate()

    def _clear_up(self, status: int) -> None:
        shutil.rmtree(self._order.out, ignore_errors=True)
        if not self._cancelled:
            raise NanoprobeError(
                f"the computation died (exit status {status}): if memory was short, take a map of fewer pixels"
            )


def compute(order: PredictionOrder, out: IO[str]) -> None:
    """In the process: write the shares done, then that the run is stored, or why there is none, a line each."""
    from nanoprobe.analysis.weakness_run import predict_at

    def say(word: str, rest: object = "") -> None:
        out.write(f"{word} {rest}\n")
        out.flush()

    try:
        predict_at(order.out, order.mapped, order.triggers, order.modulus, watch=lambda share: say("share", share))
        say("done")
    except NanoprobeError as error:
        say("problem", error)


if __name__ == "__main__":
    if hasattr(os, "nice"):
        os.nice(NICE)
    compute(PredictionOrder.read(sys.argv[1]), sys.stdout)
