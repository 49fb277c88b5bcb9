"""Methods side by side: each run in a process of its own, in turn, round after round; medians and ratios within a round."""

import json
import statistics
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

PATIENCE = 600.0
"""Longest time one method may take in one round (s)."""


@dataclass
class Rounds:
    """What the methods reported: a figure's values by method, one a round; NaN where a method failed."""

    values: dict[str, list[dict[str, float]]] = field(default_factory=dict)

    def median(self, method: str, figure: str) -> float:
        """Return the median of `figure` over the rounds."""
        return statistics.median(one.get(figure, float("nan")) for one in self.values[method])

    def ratio(self, method: str, base: str, figure: str) -> float:
        """Return the median over the rounds of a method's `figure` over that of `base` in the same round."""
        pairs = zip(self.values[method], self.values[base], strict=True)
        return statistics.median(
            one.get(figure, float("nan")) / other.get(figure, float("nan")) for one, other in pairs
        )


def measure(commands: Mapping[str, Sequence[str]], rounds: int) -> Rounds:
    """Run every command `rounds` times, in turn; each prints its figures as one line of JSON last."""
    found = Rounds({method: [] for method in commands})
    for _ in range(rounds):
        for method, command in commands.items():
            found.values[method].append(_run(method, command))
    return found


def _run(method: str, command: Sequence[str]) -> dict[str, float]:
    done = subprocess.run([sys.executable, *command], capture_output=True, text=True, timeout=PATIENCE)
    if done.returncode:
        sys.stderr.write(f"{method} failed:\n{done.stderr[-2000:]}\n")
        return {}
    figures: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return figures


def rows(table: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table; the first row is its heading."""
    head, *body = table
    lines = [head, ["---"] * len(head), *body]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
