"""The guard: waits beside a run and makes its bench safe when the app has died or hangs. `python -m nanoprobe.guard_process`.

Standard input carries one JSON line (bench, process id of the app), then lines `run PATH`, `lease SECONDS`, `idle`, `bye`.
"""

import json
import logging
import math
import os
import queue
import signal
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from nanoprobe.bench import make_bench_safe
from nanoprobe.benchfile import BenchFile, parse_bench
from nanoprobe.errors import NanoprobeError
from nanoprobe.plugins import driver

_log = logging.getLogger("nanoprobe.guard")

TRIES = 3
"""How often the safe state is tried: an instrument may need a moment before it takes the next client."""
PAUSE = 0.3
"""Between two tries (s)."""


@dataclass
class Watch:
    """What the guard knows: the live run, if any, and until when (monotonic s) the app may be silent."""

    run: Path | None = None
    until: float = math.inf

    def hear(self, line: str) -> None:
        """Take one line of the app's."""
        word, _, rest = line.partition(" ")
        if word == "run":
            self.run = Path(rest)
        elif word == "idle":
            self.run, self.until = None, math.inf
        else:
            self.until = time.monotonic() + float(rest)


def main() -> int:
    """Guard one bench; return 0 when dismissed, 3 when it had to act and succeeded, 1 when the bench is not safe."""
    logging.basicConfig(level=logging.WARNING, format="%(name)s: %(message)s")
    order = json.loads(sys.stdin.readline())
    bench = parse_bench(order["bench"], "the guarded bench")
    for table in bench.instruments.values():
        driver(table.driver)  # imported now: after a crash every second counts
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    import nanoprobe.storage  # noqa: F401 - as well, but nobody waits for it: it is for the note, not for safety

    watch = Watch()
    end = listen(_lines(), watch)
    if end == "dismissed":
        return 0
    if end == "hangs":
        kill(order["app"])
    return act(bench, watch.run, f"the app {end}")


def _lines() -> "queue.Queue[str]":
    """Return what comes in on standard input, line by line; an empty string at its end."""
    lines: queue.Queue[str] = queue.Queue()

    def read() -> None:
        for line in sys.stdin:
            lines.put(line.strip())
        lines.put("")

    threading.Thread(target=read, name="standard input", daemon=True).start()
    return lines


def listen(lines: "queue.Queue[str]", watch: Watch) -> str:
    """Return "dismissed", "died" at the end of input, or "hangs" when a lease ran out."""
    while True:
        left = watch.until - time.monotonic()
        try:
            line = lines.get(timeout=None if left == math.inf else max(0.0, left))
        except queue.Empty:
            return "hangs"
        if line == "bye":
            return "dismissed"
        if not line:
            return "died"
        watch.hear(line)


def kill(app: int) -> None:
    """End a hanging app for good, so that it cannot wake up and go on ramping."""
    if os.name == "posix" and os.getppid() != app:
        return  # it died by itself and the number may be somebody else's by now
    try:
        os.kill(app, getattr(signal, "SIGKILL", signal.SIGTERM))
    except ProcessLookupError:
        _log.info("the app had gone by itself")


def act(bench: BenchFile, run: Path | None, reason: str) -> int:
    """Make the bench safe, say so on the terminal and in the run; return the exit status."""
    report = make_bench_safe(bench, reason)
    for _ in range(TRIES - 1):
        if report.safe:
            break
        time.sleep(PAUSE)
        report = make_bench_safe(bench, reason)
    _log.warning("%s: %s", run or bench.bench.name, report)
    if run is not None:
        _note(run, f"guard: {report}")
    return 3 if report.safe else 1


def _note(run: Path, text: str) -> None:
    from nanoprobe.storage import RunWriter

    try:
        RunWriter.note(run, text)
    except NanoprobeError as error:
        _log.warning("could not note that in the run: %s", error)


if __name__ == "__main__":
    sys.exit(main())
