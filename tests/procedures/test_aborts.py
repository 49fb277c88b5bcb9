"""Every nanoscale procedure stopped at random instants: safe, replayed as it was stopped, and resumed where that makes sense."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

from nanoprobe.control import RunControl
from nanoprobe.replay import replay
from procedures.growing import Ended

IMAGE = {"image_pixels": 32, "image_size": 1e-6, "image_line_rate": 8.0, "min_confidence": 0.0}
READS = {"read_settle": 0.5, "reads": 1}
SEED = 3


@dataclass
class Alarm:
    """Something that happens in the lab once, at a simulated time (s)."""

    due: float
    ring: Callable[[], None] = field(repr=False)

    def step(self) -> None:
        self.due = math.inf
        self.ring()


def whole(lab: Any, run: Any, case: "Case") -> None:
    """It has gone on behind what was stored, to the end."""
    assert rows(run, case) == case.rows


def whole_map(lab: Any, run: Any, case: "Case") -> None:
    assert run.points_committed == run.points_planned
    assert np.isfinite(run.frames[0]["height"].values).all()


def grown_once(lab: Any, run: Any, case: "Case") -> None:
    """A spot where growth has begun is not grown at again, what has grown is kept; where it had not, it is grown now."""
    ended = run.tables["growth"]["ended"].values.tolist()
    if any("it is not grown at again" in note for note in run.notes):
        assert len(ended) == bool(run.tables["series"].sizes["sample"])
    else:
        assert len(ended) == 1
        assert ended != [Ended.INTERRUPTED]


def healed(lab: Any, run: Any, case: "Case") -> None:
    """What was stripped before and after counts together; the tip stands on the lithium again, its neck is torn."""
    heal, truth = run.tables["heal"].isel(spot=-1), lab.contact.deposit
    assert abs(float(heal["efficiency"]) - truth.stripped / truth.charge) < 2 * float(heal["efficiency_error"])


def kept(lab: Any, run: Any, case: "Case") -> None:
    """A state is gone once the tip has left it: reads are kept and none is added; without a read it is made now."""
    left = any("the tip has left the filament" in note for note in run.notes)
    assert left == (rows(run, case) < case.rows)


def measured_anew(lab: Any, run: Any, case: "Case") -> None:
    """The last session's images alone are held against each other."""
    assert rows(run, case) >= case.rows


@dataclass(frozen=True)
class Case:
    """A short run, its table and how many rows a whole run has in it, and what a resumed run must be."""

    table: str
    rows: int
    resumed: Callable[[Any, Any, "Case"], None]
    parameters: dict[str, Any]


CASES = {
    "chrono-growth": Case("growth", 1, grown_once, {"bias": -0.5, "duration": 5.0, "sample_rate": 50.0}),
    "galvano-growth": Case("growth", 1, grown_once, {"charge_stop": 300e-12, "sample_rate": 50.0}),
    "heal": Case("heal", 1, healed, {"mode": "ramp", "rate": 0.5, "sample_rate": 100.0, "check_settle": 0.5}),
    "mem-sweep": Case("loops", 3, whole, {"loops": 3, **READS}),
    "endurance": Case("cycles", 10, whole, {"cycles": 10, **READS}),
    "retention": Case("retention", 3, kept, {"duration": 100.0, "per_decade": 1, "drift_wait": 5.0, **IMAGE}),
    "force-curve": Case("curves", 3, whole, {"curves": 3, "samples": 100}),
    "modulus-map": Case("curves", 9, whole_map, {"pixels": 3, "size": 1e-6, "image_every": 0}),
    "drift-correct": Case("drift", 1, measured_anew, {"images": 2, "interval": 10.0, **IMAGE}),
}
"""One of every procedure of growth, switching and mechanics."""


def rows(run: Any, case: Case) -> int:
    table = run.tables.get(case.table)
    return 0 if table is None else int(table.sizes[table.attrs["dim"]])


def begin(session: Any, name: str) -> tuple[Any, dict[str, Any]]:
    """Return a fresh lab and the parameters of the case; a heal has something to heal."""
    lab, given = session(seed=SEED), dict(CASES[name].parameters)
    if name == "heal":
        lab.run("galvano-growth", current=100e-12, charge_stop=300e-12, sample_rate=50.0)
        given["growth_run"] = str(lab.path)
    return lab, given


def now(lab: Any) -> float:
    return float(lab.lab.call(lambda: lab.lab.lab.timeline.now))


def instants(session: Any, name: str, count: int) -> list[float]:
    """Return random times (s, simulated) at which an undisturbed run of the case is under way."""
    lab, given = begin(session, name)
    start = now(lab)
    case, run = CASES[name], lab.run(name, **given)
    assert rows(run, case) == case.rows
    return list(np.random.default_rng(SEED).uniform(start, now(lab), count))


def stop_and_resume(session: Any, name: str, when: float, replayed: bool = False) -> None:
    lab, given = begin(session, name)
    control = RunControl()
    timeline = lab.lab.lab.timeline
    lab.lab.call(lambda: timeline.start(Alarm(when, lambda: control.abort("a test"))))
    before = lab.run(name, status="aborted", control=control, **given)
    assert lab.lab.call(lambda: lab.lab.lab.log.unsafe) == []
    assert rows(before, CASES[name]) <= CASES[name].rows
    if replayed:
        found = replay(lab.path, lab.path.with_name("replayed.zarr"))
        assert found.same, found.wire or found.values
    CASES[name].resumed(lab, lab.resume(), CASES[name])


@pytest.mark.parametrize("name", CASES)
def test_a_run_stopped_at_a_random_instant_is_safe_and_resumes_where_that_makes_sense(session, name):
    (when,) = instants(session, name, 1)
    stop_and_resume(session, name, when, replayed=name == "mem-sweep")


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", CASES)
def test_the_same_at_twelve_instants(session, name):
    for when in instants(session, name, 12):
        stop_and_resume(session, name, when, replayed=True)
