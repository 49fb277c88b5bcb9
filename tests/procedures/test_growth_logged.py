"""Growth where the controller biases and its TCP logger samples, held against what the world knows."""

import re

import numpy as np
import pytest

from nanoprobe.analysis.kind import choose, kind_of
from nanoprobe.control import RunControl
from nanoprobe.engine import execute
from nanoprobe.events import Events, Recorded
from nanoprobe.plan import Plan
from nanoprobe.records import TableRows
from nanoprobe.storage import open_run
from procedures.growing import Ended

LOGGED = "the host holds the bias of the growth, and the controller's TCP logger takes its samples"
WIDE = 2
"""Index of the preamp's gain of 1e8 V/A: 100 nA."""


def grow(lab, **values):
    lab.lab.call(lambda: setattr(lab.lab.lab.controller.preamp, "gain_index", WIDE))
    return lab.run("chrono-growth", sample_rate=1700.0, **values)


def test_charge_and_exponent_of_dense_samples_are_the_worlds_and_the_run_names_who_took_them(session):
    lab = session(seed=3, bias_source="probe")
    run = grow(lab, bias=-5.0, stop_current=5e-9)
    growth, series = run.tables["growth"].isel(spot=-1), run.tables["series"]
    assert LOGGED in run.notes
    assert growth["ended"] == Ended.CURRENT
    assert abs(-float(growth["charge"]) - lab.contact.charge) < 0.05 * lab.contact.charge + 2 * float(
        growth["charge_error"]
    )
    np.testing.assert_allclose(np.diff(series["time"]), 0.5e-3)
    np.testing.assert_allclose(series["bias_source"], series["bias_source"][0], atol=5e-3)
    kind = kind_of("chrono-growth")
    found = kind.analyse(run, choose(kind, {}), 0).numbers["growth_exponent"]
    assert found.low <= 2.0 <= found.high
    assert found.value == pytest.approx(2.0, abs=0.35)


@pytest.mark.slow
def test_a_spot_grown_until_the_charge_stop_is_healed_by_the_logger_as_well(session):
    lab = session(seed=3, bias_source="probe")
    grown = grow(lab, bias=-4.0, stop_current=90e-9, charge_stop=100e-12, compliance=95e-9)
    assert grown.tables["growth"]["ended"].values[-1] == Ended.CHARGE
    run = lab.run("heal", growth_run=str(lab.path), bias=1.5, hold_time=60.0)
    heal, truth = run.tables["heal"].isel(spot=-1), lab.contact.deposit
    assert any("TCP logger takes its samples" in note for note in run.notes)
    assert abs(float(heal["efficiency"]) - truth.stripped / truth.charge) < 2 * float(heal["efficiency_error"])


@pytest.mark.slow
def test_a_bench_without_a_logger_grows_by_the_host_and_the_run_says_why(lab_starter, tmp_path):
    lab = lab_starter(seed=3, bias_source="probe")
    lab.bench_file.write_text(re.sub(r"logger_port = \d+", "logger_port = 0", lab.bench_file.read_text()))
    values = {"bias": -0.5, "duration": 0.5, "sample_rate": 10.0, "stop_current": 5e-9}
    plan = Plan(procedure="chrono-growth", bench=str(lab.bench_file), parameters=values)
    assert execute(plan, tmp_path / "run.zarr").status == "finished"
    with open_run(tmp_path / "run.zarr") as run:
        assert any(
            note.endswith("takes its samples: the bench file gives no port of the TCP logger") for note in run.notes
        )


def test_growth_that_is_stopped_leaves_nothing_biased_and_keeps_its_row(session):
    lab, control, events = session(seed=3, bias_source="probe"), RunControl(), Events()

    def look(event):
        if isinstance(event, Recorded) and isinstance(event.record, TableRows) and event.record.table == "series":
            control.abort("a test")

    events.event.connect(look)
    values = {"bias": -0.5, "stop_current": 5e-9}
    run = lab.run("chrono-growth", status="aborted", control=control, events=events, **values)
    assert lab.lab.call(lambda: lab.lab.lab.log.unsafe) == []
    assert run.tables["growth"]["ended"].values[-1] == Ended.INTERRUPTED
