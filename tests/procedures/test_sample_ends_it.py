"""Stopping rules exercised by sample and tip: necks that stick or break, tips that wear, break and pick up lithium."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from nanoprobe.analysis.kind import choose, kind_of
from nanoprobe.events import Events, Recorded
from nanoprobe.tip_record import TipBook
from procedures.switching import Verdict
from sim_instruments.drift import DriftSettings
from sim_instruments.filament import (
    HAZARD,
    HAZARD_AGEING,
    RUPTURE_SPREAD,
    RUPTURE_TIME,
    Chance,
    normal,
)
from sim_instruments.surface import PAD_CENTRE

STILL = DriftSettings(rate=0.0, walk=0.0)
QUICK = {"read_settle": 1.0, "reads": 2}
LANDING = 2
"""Chances belong to a landing: an automatic approach from afar touches down twice."""


def place_where(lab: Any, wanted: Callable[[Chance], bool]) -> dict[str, float]:
    """Return a place at which the lab's own chances for a filament are as `wanted`."""
    noise = lab.lab.lab.world._noise
    for index in range(100_000):
        x, y = (index % 400 - 200) * 20e-9, (index // 400 - 125) * 30e-9
        name = f"{round(x * 1e9)} {round(y * 1e9)}"

        def chance(event: str, cycle: int, name: str = name) -> float:
            return float(noise.uniform(f"{event} {name}", (LANDING << 20) + cycle))

        if wanted(chance):
            return {"x": x, "y": y}
    raise AssertionError("no such place on this sample: take another seed")


def sticks(event: str, by: int) -> Callable[[Chance], bool]:
    """A place where a neck sticks before cycle `by`, by the hazard of every cycle."""

    def wanted(chance: Chance) -> bool:
        ageing = HAZARD_AGEING if event == "stuck on" else np.inf
        return any(chance(event, cycle) < HAZARD * (1 + cycle / ageing) for cycle in range(1, by))

    return wanted


def history(lab: Any, *kinds: str) -> list[Any]:
    return [event for event in lab.contact.filament.history if event.kind in kinds]


@pytest.mark.parametrize("event", ["stuck on", "stuck off"])
@pytest.mark.parametrize(
    ("procedure", "table", "values", "off"),
    [
        ("mem-sweep", "loops", {"loops": 40, **QUICK}, Verdict.STUCK),
        ("endurance", "cycles", {"cycles": 40, **QUICK}, Verdict.STUCK),
        ("endurance", "cycles", {"cycles": 40, "reading": "source"}, Verdict.OPEN),
    ],
    ids=["mem-sweep", "endurance", "endurance by trains"],
)
def test_a_filament_that_sticks_by_its_own_hazard_ends_the_run_with_the_reason(
    session, procedure, table, values, off, event
):
    lab = session(seed=3, drift=STILL)
    run = lab.run(procedure, **values, **place_where(lab, sticks(event, by=10)))
    assert len(history(lab, event)) == 1
    done = run.tables[table].sizes[run.tables[table].attrs["dim"]]
    assert 5 <= done < 40
    reason = str(run.points["reason"].values[0])
    assert reason == (Verdict.STUCK if event == "stuck on" else off).value
    assert any(reason in note for note in run.notes)


def neck_breaks(chance: Chance) -> bool:
    life = RUPTURE_TIME * np.exp(RUPTURE_SPREAD * normal(chance, "life", 0))
    return bool(200.0 < life < 800.0)


@pytest.mark.parametrize(
    "cause", ["a neck that breaks by itself", pytest.param("drift that nobody follows", marks=pytest.mark.slow)]
)
def test_a_state_that_is_lost_is_dated_between_two_reads(session, cause):
    drifts = cause.startswith("drift")
    lab = session(seed=3, drift=DriftSettings(rate=2e-9 / 60, walk=0.0) if drifts else STILL)
    place = {} if drifts else place_where(lab, neck_breaks)
    filament: list[Any] = []
    run = lab.run("retention", duration=2000.0, drift_wait=0.0, events=remember(lab, filament), **place)
    kind = kind_of("retention")
    lost = kind.analyse(run, choose(kind, {}), 0).numbers["time_of_loss"]
    formed = filament[0].history[0].time
    if drifts:  # the neck reaches 30 nm: 900 s of drift from where it formed
        assert lost.low - 60 < 900.0 < lost.high + 60
    else:
        (broke,) = [event.time for event in filament[0].history if event.kind == "ruptured"]
        assert lost.low < broke - formed < lost.high + 10.0  # the state was made some seconds after the neck had formed


def remember(lab: Any, into: list[Any]) -> Any:
    """Return events that keep the filament under the tip, once there is one."""
    events = Events()

    def look(event: Any) -> None:
        if isinstance(event, Recorded) and event.topic == "rows" and not into:
            into.append(lab.contact.filament)

    events.event.connect(look)
    return events


def test_a_tip_that_wears_blunt_ends_a_map_by_the_drift_of_its_reference(session):
    lab = session(seed=3, sample="ppc", drift=STILL)
    tip = lab.lab.lab.world.tip
    lab.lab.call(lambda: setattr(tip, "wear", 50e-9 / 1e-3))  # 50 nm a millimetre of scanning: a bad coating
    images = {"image_every": 2, "image_pixels": 64, "image_size": 1e-6, "image_line_rate": 8.0, "min_confidence": 0.0}
    run = lab.run("trigger-map", status="failed", nx=3, ny=3, check_every=2, check_dwell=0.1, rate=10.0, **images)
    assert lab.lab.call(lambda: tip.radius) > 1.2 * 25e-9
    failed = run.checks.isel(check=-1)
    assert "the adhesion drifted by" in str(failed["reason"].values)
    assert 0 < run.points_committed < 9


def test_a_tip_that_broke_fails_its_next_check_and_is_kept_from_other_runs(session):
    lab = session(seed=3, drift=STILL)
    lab.run("contact-check", dwell=0.1, tip="tip B")
    book = TipBook(simulated=True)
    record = book.load("tip B")
    book.save(record.model_copy(update={"checks": record.checks * 5}))
    pad = {"x": PAD_CENTRE, "y": PAD_CENTRE}
    lab.run("force-curve", status="failed", peak_force=900e-9, tip="tip B", **pad)
    assert lab.lab.call(lambda: lab.lab.lab.world.tip.radius) > 1.4 * 25e-9
    failed = lab.run("contact-check", status="failed", dwell=0.1, tip="tip B")
    assert "outside 3 sigma of this tip's history" in str(failed.checks["reason"].values[-1])
    run = lab.run("trigger-ramp", status="failed", tip="tip B")
    assert run.points_committed == 0


@pytest.mark.slow
def test_a_tip_that_has_picked_up_lithium_is_said_to_be_contaminated(session):
    lab, picked_up = session(seed=3, drift=STILL), False
    tip = lab.lab.lab.world.tip
    for x in np.arange(-4e-6, 4e-6, 0.5e-6):
        run = lab.run("trigger-ramp", x=float(x), rate=10.0)
        if picked_up := lab.lab.call(lambda: tip.has_lithium):
            break
    assert picked_up
    assert "(contaminated)" in run.notes[-2]
