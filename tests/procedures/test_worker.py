"""The procedures under PyMeasure's own Worker and CSV Results, opening their bench by themselves."""

import logging
from contextlib import contextmanager
from threading import Thread

import pandas as pd
import pytest
from pymeasure.experiment import Procedure, Results, Worker

from procedures import experiment
from procedures.contact_check import ContactCheck
from procedures.current_map import CurrentMap
from procedures.trigger_map import TriggerMap
from procedures.trigger_ramp import TriggerRamp

SMALL = {
    "contact check": (ContactCheck, {"dwell": 0.1}, 1),
    "current map": (CurrentMap, {"pixels": 16, "channels": "height,current"}, 16),
    "trigger ramp": (TriggerRamp, {}, 1),
    "trigger map": (TriggerMap, {"nx": 3, "ny": 2, "image_every": 4, "image_pixels": 32, "check_every": 3}, 6),
}


@pytest.fixture
def opened(lab, monkeypatch):
    """What a procedure's own `open_bench` gives: the fakes, and a list that says when they were closed."""
    closed = []

    @contextmanager
    def fakes(where):
        yield lab
        closed.append(where)

    monkeypatch.setattr(experiment, "open_bench", fakes)
    return closed


def run(procedure, path):
    worker = Worker(Results(procedure, str(path)), log_level=logging.WARNING)
    worker.start()
    Thread.join(worker, 30)
    assert not worker.is_alive()
    return worker


@pytest.mark.parametrize(("cls", "values", "rows"), SMALL.values(), ids=SMALL.keys())
def test_each_procedure_runs_unchanged_and_writes_its_rows(opened, source, probe, tmp_path, cls, values, rows):
    procedure = cls(**values)
    run(procedure, tmp_path / "out.csv")
    assert procedure.status == Procedure.FINISHED
    table = pd.read_csv(tmp_path / "out.csv", comment="#")
    assert list(table.columns) == cls.DATA_COLUMNS
    assert len(table) == rows
    assert table.notna().any().sum() > 3
    assert opened == ["demo"]
    assert source.log[-1] == "off"
    assert probe.contact


def test_a_stop_is_an_abort_and_leaves_the_safe_state(opened, source, probe, tmp_path):
    procedure = TriggerRamp()
    worker = Worker(Results(procedure, str(tmp_path / "out.csv")), log_level=logging.WARNING)
    source.on_poll = worker.stop
    worker.start()
    Thread.join(worker, 30)
    assert procedure.status == Procedure.ABORTED
    assert "safe withdraw" in probe.log
    assert opened == ["demo"]


def test_a_failure_is_a_failure_and_leaves_the_safe_state(opened, source, probe, tmp_path):
    probe.fail_landings = {1}
    procedure = TriggerRamp()
    run(procedure, tmp_path / "out.csv")
    assert procedure.status == Procedure.FAILED
    assert "safe withdraw" in probe.log
    assert opened == ["demo"]


def test_a_source_that_cannot_be_switched_off_is_told_and_the_worker_still_ends(
    opened, source, probe, tmp_path, caplog, monkeypatch
):
    procedure = TriggerRamp()

    def dead():
        raise OSError("cable pulled")

    source.on_poll = lambda: monkeypatch.setattr(source, "off", dead)
    run(procedure, tmp_path / "out.csv")
    assert procedure.status == Procedure.FAILED
    assert "output off failed at the end of TriggerRamp: cable pulled" in caplog.text
    assert "safe withdraw" in probe.log


def test_parameters_survive_the_csv(opened, tmp_path):
    run(TriggerMap(points="1e-6,0; 2e-6,1e-6", image_every=0, check_every=0), tmp_path / "out.csv")
    loaded = Results.load(str(tmp_path / "out.csv"), procedure_class=TriggerMap).procedure
    assert loaded.points == [[1e-6, 0.0], [2e-6, 1e-6]]
    assert loaded.trip_current == 1e-9


def test_a_parameter_set_out_of_range_later_is_refused_at_startup(lab, engine):
    procedure = TriggerRamp()
    procedure.rate = 1000.0
    with pytest.raises(Exception, match=r"TriggerRamp: rate = 1000.0 is not allowed: a number from 10 mV/s to 10 V/s"):
        engine.run(procedure, lab)
