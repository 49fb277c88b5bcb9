"""Growth that is cut short: what has grown by then is kept, behind the output's going off, and can be healed."""

import math
from collections.abc import Callable
from typing import Any

import pytest

from nanoprobe.control import RunControl
from nanoprobe.events import Events, Recorded
from nanoprobe.records import TableRows
from procedures.growing import Ended

GALVANO = {"current": 100e-12, "charge_stop": 2e-9, "sample_rate": 100.0}
ENOUGH = 300e-12
"""Charge (C) at which the growth is disturbed."""


def disturbed(
    lab: Any, disturb: Callable[[], None], control: RunControl, status: str
) -> tuple[Any, list[list[str]], Any]:
    """Grow until the charge is ENOUGH, then `disturb`.

    Return the run, what was unsafe when its result was stored, and the contact in which it grew.
    """
    events, unsafe, contacts = Events(), [], []

    def look(event: Any) -> None:
        record = event.record if isinstance(event, Recorded) else None
        if isinstance(record, TableRows) and record.table == "series" and record.values["charge"][-1] < -ENOUGH:
            contacts.append(lab.contact)
            disturb()
        if isinstance(record, TableRows) and record.table == "growth":
            unsafe.append(lab.lab.call(lambda: lab.lab.lab.log.unsafe))

    events.event.connect(look)
    run = lab.run("galvano-growth", status=status, events=events, control=control, **GALVANO)
    return run, unsafe, contacts[0]


def aborting(control: RunControl) -> Callable[[], None]:
    return lambda: control.abort("a test")


def test_what_has_grown_is_stored_once_all_is_safe_and_a_heal_takes_it_up(session):
    lab, control = session(seed=3), RunControl()
    run, unsafe, grown = disturbed(lab, aborting(control), control, "aborted")
    assert unsafe == [[]]
    growth = {column: float(values[-1]) for column, values in run.tables["growth"].items()}
    assert growth["ended"] == Ended.INTERRUPTED
    assert growth["charge"] == float(run.tables["series"]["charge"][-1])
    assert abs(-growth["charge"] - grown.charge) < 2 * growth["charge_error"]
    assert math.isnan(growth["height_change"])
    assert (float(run.points["x"][0]), float(run.points["y"][0])) == (0.0, 0.0)
    healed = lab.run("heal", growth_run=str(lab.path), bias=1.5, hold_time=200.0, sample_rate=100.0)
    heal, truth = healed.tables["heal"].isel(spot=-1), lab.contact.deposit
    assert float(heal["plated"]) == -growth["charge"]
    assert abs(float(heal["efficiency"]) - truth.stripped / truth.charge) < 2 * float(heal["efficiency_error"])


@pytest.mark.slow
def test_what_has_grown_when_the_tip_breaks_off_is_stored_as_well(session):
    lab = session(seed=3)
    left = iter([lambda: lab.lab.call(lambda: lab.lab.lab.inject("probe:snap-off"))])
    run, unsafe, grown = disturbed(lab, lambda: next(left, lambda: None)(), RunControl(), "aborted")
    (growth,) = (run.tables["growth"].isel(spot=index) for index in range(run.tables["growth"].sizes["spot"]))
    assert unsafe == [[]]
    assert growth["ended"] == Ended.INTERRUPTED
    assert abs(-float(growth["charge"]) - grown.charge) < 2 * float(growth["charge_error"])


def test_growth_at_a_constant_bias_keeps_its_result_also_where_little_has_grown(session):
    lab, control, events = session(seed=3), RunControl(), Events()

    def look(event: Any) -> None:
        record = event.record if isinstance(event, Recorded) else None
        if isinstance(record, TableRows) and record.table == "series":
            control.abort("a test")

    events.event.connect(look)
    run = lab.run("chrono-growth", status="aborted", control=control, events=events, bias=-2.5)
    (ended,), (charge,) = (run.tables["growth"][name].values for name in ("ended", "charge"))
    assert (ended, charge) == (Ended.INTERRUPTED, run.tables["series"]["charge"].values[-1])


def test_a_growth_stopped_before_its_first_sample_has_no_result(session):
    lab = session(seed=3)
    control = RunControl()
    control.abort("a test")
    run = lab.run("galvano-growth", status="aborted", control=control)
    assert "growth" not in run.tables or run.tables["growth"].sizes["spot"] == 0


@pytest.mark.slow
def test_an_interrupted_growth_counts_for_the_tip(session):
    lab, control = session(seed=3), RunControl()
    lab.bench.tip_folder = lab.lab.bench_file.parent
    disturbed(lab, aborting(control), control, "aborted")
    later = lab.run("chrono-growth", bias=-0.5, duration=0.1, sample_rate=50.0)
    assert any("1 ramps, 1 triggers" in note for note in later.notes), later.notes
