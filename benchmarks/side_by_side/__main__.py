"""What each tool costs on this machine, side by side in one run: `make bench` (`--quick` in under two minutes).

Prints Markdown; `--write` puts it into docs/reference/performance.md. Run in the environment that has the peers.
"""

import argparse
import os
import platform
import sys
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from benchmarks.side_by_side import parts, screens, starts, trips
from benchmarks.side_by_side.rounds import Rounds, measure, rows
from benchmarks.side_by_side.stepping import METHODS as STEPPERS
from benchmarks.side_by_side.storing import METHODS as WRITERS
from sim_instruments.demo import start

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "performance.md"
PEERS = ("pyvisa", "pyvisa-py", "pymeasure", "qcodes", "bluesky", "h5py", "numpy", "zarr")


WHERE_A_POINT_GOES = """What a point costs nanoprobe beyond PyVISA is Python between the two socket calls, some 60 to 90 us: both
directions are recorded for a replay, a stale answer is looked for, the interlock and the operator's stop are heeded, the
guard's lease is renewed, and the trip is judged on every sample. The ramps of this app are stepped like this only where a
bench has no other way: see below.
"""
"""Why the goal is missed, by the profile of the run thread."""


def points(quick: bool) -> str:
    """Host-stepped points: set, read, store."""
    texts = [
        "## A point stepped by the computer\nSet, read, store on the same simulated source-meter; Nagle's delay off everywhere.\n"
    ]
    for count, rounds in ((300, 1),) if quick else ((2000, 5), (20_000, 1)):
        found = _step(count, rounds)
        table = [("method", f"us a point, {count} points", "x bare PyVISA", "x bare socket")]
        for method in found.values:
            ratios = [f"{found.ratio(method, base, 'us'):.2f}" for base in ("bare PyVISA", "bare socket")]
            table.append((method, f"{found.median(method, 'us'):.0f}", *ratios))
        ours = found.ratio("nanoprobe", "bare PyVISA", "us")
        texts.append(
            f"Rounds: {rounds}. Goal of nanoprobe: 1.25 times bare PyVISA; found {ours:.2f}.\n\n{rows(table)}\n"
        )
    return "\n".join((*texts, WHERE_A_POINT_GOES))


WHERE_A_LINE_GOES = """A line of nanoprobe is on the device before it counts as committed, so that it survives a power cut and not
only a kill: four fifths of its time are fdatasync, for which append + fdatasync is the floor. The goals against
append + flush, which leaves a line in the computer's memory as h5py does, are missed by that choice.
"""
"""Why the goals are missed, by a profile."""


def _step(count: int, rounds: int) -> Rounds:
    with tempfile.TemporaryDirectory() as folder, start() as bench:
        module = "benchmarks.side_by_side.stepping"
        commands = {method: ["-m", module, method, str(bench), str(count), folder] for method in STEPPERS}
        return measure(commands, rounds)


def ramps(quick: bool) -> str:
    """Ramps on the instrument against the same ramp stepped by the best peer."""
    count, rounds = (5, 1) if quick else (20, 5)
    with start() as bench:
        ours = measure({"ours": ["-m", "benchmarks.side_by_side.ramping", str(bench), str(count)]}, rounds)
    stepped = _step(600, rounds)
    best = min(
        (method for method in stepped.values if method in ("PyMeasure", "QCoDeS", "Bluesky")),
        key=lambda m: stepped.median(m, "us"),
    )
    table = [
        ("ramp of 600 samples", "processor time a ramp, ms", "a sample, us", "questions a ramp"),
        ("nanoprobe, on the source-meter", *(f"{ours.median('ours', name):.3g}" for name in ("ms", "us", "trips"))),
    ]
    for method in stepped.values:
        cpu = stepped.median(method, "cpu_us")
        table.append((f"{method}, stepped", f"{0.6 * cpu:.3g}", f"{cpu:.3g}", "600 or more"))
    ahead = stepped.median(best, "cpu_us") / ours.median("ours", "us")
    goals = (
        f"Goals: 10 ms a ramp or less, found {ours.median('ours', 'ms'):.1f}; 20 questions or fewer, found "
        f"{ours.median('ours', 'trips'):.0f}; a sample 50 times cheaper than with {best}, found {ahead:.0f} times."
    )
    return f"## A ramp\n{goals}\n\n{rows(table)}\n"


def lines(quick: bool) -> str:
    """A map of four channels streamed to disk."""
    count, rounds = (128, 1) if quick else (1024, 3)
    with tempfile.TemporaryDirectory() as folder:
        module = "benchmarks.side_by_side.storing"
        found = measure({method: ["-m", module, method, str(count), folder] for method in WRITERS}, rounds)
    table = [("method", "MB/s", "us a line, median", "p99", "median x append + flush", "p99 x", "files", "MB on disk")]
    for method in found.values:
        figures = [f"{found.median(method, name):.4g}" for name in ("rate", "median", "p99")]
        ratios = [f"{found.ratio(method, 'append + flush', name):.3g}" for name in ("median", "p99")]
        table.append(
            (
                method,
                *figures,
                *ratios,
                f"{found.median(method, 'files'):.0f}",
                f"{found.median(method, 'megabytes'):.1f}",
            )
        )
    goals = " and ".join(f"{limit} in the {name}" for limit, name in ((2, "median"), (5, "p99")))
    return (
        f"## A map line\n{count} lines of 1024 pixels, four channels, {rounds} rounds. Goals of nanoprobe, times append + flush: "
        f"{goals}; ahead of h5py SWMR and QCoDeS.\n\n{rows(table)}\n\n{WHERE_A_LINE_GOES}"
    )


SECTIONS: dict[str, Callable[[bool], str]] = {
    "points": points,
    "ramps": ramps,
    "trips": trips.section,
    "lines": lines,
    "screen": screens.section,
    **{name: parts.section(name) for name in parts.PARTS},
    "starts": starts.section,
}


def main() -> None:
    """Run the sections asked for and print, or write, the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sections", nargs="*", default=list(SECTIONS), help=f"some of {', '.join(SECTIONS)}")
    parser.add_argument("--quick", action="store_true", help="few rounds, small sizes")
    parser.add_argument("--write", action="store_true", help=f"write {PAGE.name}")
    asked = parser.parse_args()
    if unknown := set(asked.sections) - set(SECTIONS):
        parser.error(f"no section {', '.join(unknown)}; there are {', '.join(SECTIONS)}")
    page = _head(asked.quick)
    for name in asked.sections:
        text = SECTIONS[name](asked.quick)
        page += "\n" + text
        sys.stdout.write(text + "\n")
        sys.stdout.flush()
    if asked.write:
        PAGE.write_text(page, encoding="utf-8")


def _head(quick: bool) -> str:
    peers = ", ".join(f"{name} {version(name)}" for name in PEERS)
    machine = f"{os.cpu_count()} cores, {platform.machine()}, {platform.system()}, Python {platform.python_version()}"
    return (
        f"# Performance, side by side\nMade by `make bench{' QUICK=--quick' if quick else ''}` on {datetime.now(UTC):%Y-%m-%d}: "
        f"{machine}; {peers}. Loopback, simulated instruments. Every figure is a median of interleaved rounds; ratios are taken "
        "within a round. Absolute times are this machine's.\n"
    )


if __name__ == "__main__":
    main()
