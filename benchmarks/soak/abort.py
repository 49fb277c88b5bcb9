"""How soon the output is off after an abort: asked for at random instants of a ramp, measured by the lab's own log."""

import random
import statistics
import threading
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.soak import state
from benchmarks.soak.labs import Served, served
from benchmarks.soak.rows import Row
from nanoprobe.bench import Bench, open_bench
from nanoprobe.control import RunControl
from nanoprobe.engine import execute_on
from nanoprobe.plan import Plan

RAMP = {"stop_bias": -6.0, "rate": 1.0}
DEADLINE = 60.0
"""Longest wait for the ramp to begin (s)."""


def abort(lab: Served, bench: Bench, out: Path, instant: float) -> tuple[float, float]:
    """Abort a ramp `instant` s after its bias rose; return how long after that the output was off, and a round trip (s).

    NaN where the ramp had ended before.
    """
    control, seen = RunControl(), len(lab.events())
    asked: list[float] = []

    def press() -> None:
        deadline = time.monotonic() + DEADLINE
        while not _is_on(lab, seen) and time.monotonic() < deadline:
            time.sleep(0.005)
        time.sleep(instant)
        asked.append(time.time() if _is_on(lab, seen) else float("nan"))
        control.abort("stopped by the soak")

    operator = threading.Thread(target=press)
    operator.start()
    execute_on(Plan(procedure="trigger-ramp", parameters=RAMP), bench, out, control=control)
    operator.join()
    return lab.safe_after(asked[0], "output") if asked[0] == asked[0] else float("nan"), _round_trip(bench)


def _is_on(lab: Served, seen: int) -> bool:
    outputs = [event["state"] for event in lab.events()[seen:] if event["what"] == "output"]
    return bool(outputs) and outputs[-1] is True


def _round_trip(bench: Bench) -> float:
    begun = time.perf_counter()
    bench.source.in_compliance()
    return time.perf_counter() - begun


def soak(count: int, seed: int = 0) -> Row:
    """Abort `count` ramps at pace 1."""
    pick, found, trips = random.Random(seed), [], []
    with (
        TemporaryDirectory() as name,
        state.of_its_own(),
        served(Path(name) / "lab", "--pace", "1", guard=False) as lab,
        open_bench(lab.bench) as bench,
    ):
        for index in range(3 * count):
            if len(found) == count:
                break
            delay, trip = abort(lab, bench, Path(name) / f"run{index}.zarr", pick.uniform(0.0, 1.5))
            trips.append(trip)
            found += [delay] if delay == delay else []
    return Row(
        "abort",
        "abort at a random instant of a ramp, pace 1, to the output off by the lab's own log",
        str(len(found)),
        f"{1e3 * statistics.median(found):.0f} ms (median), {1e3 * max(found):.0f} ms (longest), within 50 ms "
        f"{sum(each <= 0.05 for each in found)} times; a round trip to the instrument takes "
        f"{1e3 * statistics.median(trips):.1f} ms",
    )
