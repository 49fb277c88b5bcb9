"""Switching on the simulated lab: what is read and stored, held against what the world's filament has done."""

from typing import Any

import numpy as np
import pytest

from nanoprobe.analysis.kind import choose, kind_of
from nanoprobe.control import RunControl
from nanoprobe.engine import execute
from nanoprobe.errors import BadInput
from nanoprobe.events import Events, Recorded
from nanoprobe.limits import Limits
from nanoprobe.plan import Plan
from nanoprobe.wiring import Wiring
from procedures.endurance import Endurance
from procedures.mem_sweep import MemSweep
from procedures.retention import Retention
from procedures.switching import Health, Verdict

QUICK = {"read_settle": 1.0, "reads": 2}


def history(lab: Any, *kinds: str) -> list[Any]:
    world = lab.lab.lab.world
    events = lab.lab.call(lambda: list(world.contacts.present.filament.history))
    return [event for event in events if event.kind in kinds]


def each_is_one_of(seen: Any, true: Any, rtol: float) -> None:
    """Hold that every value seen is, within `rtol`, one that the world has held."""
    seen, true = np.asarray(seen), np.asarray(true)
    assert np.max(np.min(np.abs(seen[:, None] / true - 1), axis=1)) < rtol


def stop_after(rows: int) -> tuple[Events, RunControl]:
    """Return events and control of a run that is aborted after so many records of rows."""
    events, control, seen = Events(), RunControl(), []

    def look(event: Any) -> None:
        if isinstance(event, Recorded) and event.topic == "rows":
            seen.append(event)
            if len(seen) == rows:
                control.abort("a test")

    events.event.connect(look)
    return events, control


def test_200_cycles_on_the_demo_sample_show_the_on_off_ratio_the_world_holds(session):
    lab = session()
    run = lab.run("endurance", cycles=200, **QUICK)
    cycles = run.tables["cycles"].load()
    on = [event.resistance for event in history(lab, "formed", "set")]
    off = [event.resistance for event in history(lab, "reset", "stripped")]
    truth = np.median(off) / np.median(on)
    assert cycles.sizes["cycle"] == 200
    assert 5e4 < truth < 2e5
    assert float((cycles["r_off"] / cycles["r_on"]).median()) == pytest.approx(truth, rel=0.15)
    kind = kind_of("endurance")
    numbers = kind.analyse(run, choose(kind, {}), 0).numbers
    assert numbers["on_off_ratio"].low < truth < numbers["on_off_ratio"].high
    assert numbers["r_on"].low < np.median(on) < numbers["r_on"].high
    # Set after set: the series resistor is three times the neck, so 3 % of contact noise are more of the neck.
    assert np.median(np.abs(cycles["r_on"].values / on - 1)) < 0.1
    assert float(cycles["r_off"].median()) == pytest.approx(np.median(off), rel=0.2)
    assert any("run by the host, read by the preamp" in note for note in run.notes)


def test_the_time_of_a_cycle_is_the_instruments_so_a_seed_gives_the_same(session):
    times = [session(seed=3).run("endurance", cycles=10, **QUICK).tables["cycles"]["time"].values for _ in range(2)]
    np.testing.assert_array_equal(*times)
    cycle = 10e-3 + 50e-3 + 2 * QUICK["read_settle"]
    assert np.all(np.diff(times[0]) > cycle)
    assert np.all(np.diff(times[0]) < 1.2 * cycle)


def test_the_source_alone_runs_whole_trains_and_says_a_bound_where_it_sees_nothing(session):
    lab = session(seed=3)
    run = lab.run("endurance", cycles=60, reading="source")
    cycles = run.tables["cycles"].load()
    on = [event.resistance for event in history(lab, "formed", "set")]
    assert cycles.sizes["cycle"] == 60
    assert float(cycles["r_on"].median()) == pytest.approx(np.median(on), rel=0.1)
    below = cycles["off_below"].values == 1
    assert below.mean() > 0.8  # a reset that failed, at too tight a compliance, reads as on
    assert (
        cycles["r_off"].values[below].max() < 1e9 < min(event.resistance for event in history(lab, "reset", "stripped"))
    )
    assert any(
        "run by the instrument, read by the source alone: a current below its floor is a bound" in n for n in run.notes
    )


@pytest.mark.parametrize(
    ("procedure", "table", "length"), [("endurance", "cycles", "cycles"), ("mem-sweep", "loops", "loops")]
)
def test_a_resumed_run_goes_on_behind_its_last_cycle_with_a_neck_that_formed_anew(session, procedure, table, length):
    lab = session(seed=3)
    events, control = stop_after(4)
    lab.run(procedure, status="aborted", events=events, control=control, **{length: 10}, **QUICK)
    torn = lab.contact
    run = lab.resume()
    cycles = run.tables[table].load()
    assert cycles.sizes[cycles.attrs["dim"]] == 10
    assert int(run.points["attempt"][0]) == 2
    assert torn is None
    assert [event.kind for event in history(lab, "formed")] == ["formed"]
    each_is_one_of(cycles["r_on"][4:], [event.resistance for event in history(lab, "formed", "set")], 0.3)
    assert np.median(cycles["r_off"] / cycles["r_on"]) > 1e4
    if "time" in cycles and cycles["time"].ndim == 1:
        assert np.all(np.diff(cycles["time"]) > 0)


def test_loops_bracket_the_voltages_at_which_the_filament_switches(session):
    lab = session(seed=3)
    run = lab.run("mem-sweep", loops=6, **QUICK)
    loops = run.tables["loops"].load()
    sets, resets = history(lab, "set"), history(lab, "reset", "stripped")
    step = 10.0 / 400.0
    seen = loops.isel(loop=~np.isnan(loops["set_first_above"].values))
    assert seen.sizes["loop"] == len(sets) == 5
    for loop, event in zip(range(5), sets, strict=True):
        one = seen.isel(loop=loop)
        assert -float(one["set_last_below"]) - step <= event.voltage <= -float(one["set_first_above"]) + step
    for loop, event in zip(range(6), resets, strict=True):
        one = loops.isel(loop=loop)
        assert float(one["reset_last_before"]) - step <= event.voltage <= float(one["reset_first_after"]) + step
        assert float(one["r_off"]) == pytest.approx(event.resistance, rel=0.5)
    assert float(np.abs(loops["current"]).max()) <= 101e-9
    assert np.all(np.isfinite(loops["area"]))


def test_retention_reads_what_the_filament_keeps_at_log_spaced_times(session):
    lab = session(seed=3)
    run = lab.run("retention", duration=100.0, per_decade=3, drift_wait=0.0)
    reads = run.tables["retention"].load()
    neck = history(lab, "formed")[-1]
    assert reads.sizes["read"] == 7
    np.testing.assert_allclose(np.diff(np.log10(reads["time"].values))[2:], 1 / 3, atol=0.02)
    np.testing.assert_allclose(reads["resistance"].values, neck.resistance, rtol=0.4)
    assert float(reads["resistance"].median()) == pytest.approx(neck.resistance, rel=0.1)
    assert not reads["below"].any()


@pytest.mark.slow
def test_the_tip_stays_on_the_filament_while_the_sample_drifts(session):
    lab = session(seed=3)
    run = lab.run("retention", duration=3000.0, drift_wait=300.0, x=-2e-6, y=2e-6)
    reads = run.tables["retention"].load()
    tip = lab.lab.lab.world.tip
    moved = np.hypot(reads["x"].values[-1] - reads["x"].values[0], reads["y"].values[-1] - reads["y"].values[0])
    assert moved == pytest.approx(2e-9 / 60 * 3000, rel=0.4)  # 100 nm: more than any filament reaches
    assert lab.lab.call(lambda: tip.in_contact)
    assert any(event.kind == "formed" for event in history(lab, "formed"))


@pytest.mark.parametrize("procedure", ["mem-sweep", "endurance", "retention"])
def test_a_compliance_below_what_can_be_read_is_refused_before_anything_moves(session, procedure):
    lab = session(bias_source="probe")
    preamp = lab.lab.lab.controller.preamp
    lab.lab.call(lambda: setattr(preamp, "gain_index", 0))
    before = len(lab.lab.lab.events)
    with pytest.raises(
        BadInput, match="compliance 50 nA lies too close to the read floor of the probe, 10 nA: the on state"
    ):
        lab.run(procedure, compliance=50e-9)
    assert len(lab.lab.lab.events) == before


def test_a_preamp_that_is_not_read_cannot_be_asked_for(lab_starter):
    lab = lab_starter()
    lab.bench_file.write_text(lab.bench_file.read_text().replace('"both"', '"source_meter"'))
    plan = Plan(procedure="endurance", bench=str(lab.bench_file), parameters={"reading": "preamp"})
    with pytest.raises(BadInput, match="reads the current at the source-meter alone"):
        execute(plan, lab.bench_file.parent / "run.zarr")


@pytest.mark.parametrize("procedure", [Endurance, MemSweep, Retention])
def test_defaults_fit_a_bench_with_the_usual_limits(procedure):
    ahead = procedure().outlook(Limits(), Wiring())
    assert ahead.current == 100e-9
    assert ahead.charge < 100e-9


WORKS = {"on_below": 0, "r_on": 3e6, "r_off": 3e11}
SHORT = {"on_below": 0, "r_on": 3e6, "r_off": 4e6}
OPEN = {"on_below": 1, "r_on": 1e12, "r_off": 1e12}


@pytest.mark.parametrize(
    ("cycles", "verdict"),
    [
        ([WORKS] * 10, Verdict.DONE),
        ([SHORT] * 4 + [WORKS] + [SHORT] * 4, Verdict.DONE),
        ([SHORT] * 5, Verdict.STUCK),
        ([WORKS] + [OPEN] * 5, Verdict.OPEN),
        ([OPEN] * 4 + [SHORT] * 4, Verdict.DONE),
    ],
    ids=["works", "now and then", "stuck", "open", "neither for long"],
)
def test_only_five_bad_cycles_in_a_row_end_a_run(cycles, verdict):
    health, said = Health(), Verdict.DONE
    for cycle in cycles:
        said = health.judge(cycle)
    assert said is verdict


def test_a_retention_that_was_cut_short_keeps_its_reads_and_adds_none(session):
    lab = session(seed=3)
    events, control = stop_after(3)
    values = {"duration": 100.0, "drift_wait": 0.0}
    lab.run("retention", status="aborted", events=events, control=control, **values)
    run = lab.resume()
    assert run.tables["retention"].sizes["read"] == 3
    assert any("the tip has left the filament" in note for note in run.notes)
