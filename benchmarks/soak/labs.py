"""Simulated labs in processes of their own, and what their own logs say about safety."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ENDS = 20.0
"""Longest time (s) a lab may take to end."""
SAFE_STATES = (False, "withdrawn")


@dataclass(frozen=True)
class Served:
    """A lab that runs: its bench file and its log."""

    bench: Path
    log: Path

    def events(self) -> list[dict[str, object]]:
        """Return what the lab has logged of outputs, biases and tip, oldest first."""
        lines = self.log.read_text(encoding="utf-8").splitlines()
        return [event for event in map(json.loads, lines) if event["what"] != "client"]

    def unsafe(self) -> list[str]:
        """Return what is not safe by the lab's own log."""
        last = {(event["what"], event["instrument"]): event["state"] for event in self.events()}
        return [f"{what} of {whose}: {state}" for (what, whose), state in last.items() if state not in SAFE_STATES]

    def safe_after(self, moment: float, *what: str) -> float:
        """Return how long after `moment` (Unix time, s) the last change of `what` came (s), 0 where none did."""
        return max([float(str(each["wall"])) - moment for each in self.events() if each["what"] in what] + [0.0])


@contextmanager
def served(folder: Path, *options: str, guard: bool = True) -> Iterator[Served]:
    """Serve a lab in `folder` (made here) with these options of `sim serve`."""
    folder.mkdir(parents=True)
    lab = Served(folder / "bench.toml", folder / "log.jsonl")
    command = [sys.executable, "-m", "sim_instruments", "serve", "--until-stdin-closes", *options]
    command += ["--bench-file", str(lab.bench), "--log-file", str(lab.log)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        if not process.stdout.readline():
            raise RuntimeError("the simulated lab did not start")
        if not guard:
            text = lab.bench.read_text(encoding="utf-8")
            lab.bench.write_text(text.replace("simulated = true", "simulated = true\nguard = false"), encoding="utf-8")
        try:
            yield lab
        finally:
            process.stdin.close()
            try:
                process.wait(ENDS)
            except subprocess.TimeoutExpired:
                process.kill()
