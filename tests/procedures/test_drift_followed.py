"""What a run has told the controller to follow does not outlast a bad end, and delays no safety."""

from typing import Any

import pytest

from nanoprobe import plugins
from nanoprobe.control import RunControl
from nanoprobe.events import Events, Recorded
from nanoprobe.recording import recordings_of
from nanoprobe.recording.transcript import Transcript
from nanoprobe.records import FrameBegin, Note, TableRows
from sim_instruments.drift import DriftSettings

IMAGE = {"image_pixels": 32, "image_size": 1e-6, "image_line_rate": 8.0, "min_confidence": 0.0}
RETENTION = {"duration": 100.0, "per_decade": 2, "drift_wait": 5.0, **IMAGE}
FAST = DriftSettings(rate=300e-9 / 60.0, walk=0.0)
"""Drift that few pixels and seconds show."""


def follows(lab: Any) -> bool:
    on, *_ = lab.bench._probe.call("Piezo.DriftCompGet", returns="I f f f")
    return bool(on)


def read_once(record: Any) -> bool:
    return isinstance(record, TableRows) and record.table == "retention"


def disturbed(lab: Any, when: Any, disturb: Any, status: str, procedure: str = "retention", **values: Any) -> Any:
    """Run until the first record for which `when` says so, then `disturb`."""
    control, events, left = RunControl(), Events(), iter([disturb])

    def look(event: Any) -> None:
        if isinstance(event, Recorded) and when(event.record):
            next(left, lambda control: None)(control)

    events.event.connect(look)
    return lab.run(procedure, status=status, control=control, events=events, **(values or RETENTION))


def fault(text: str, lab: Any) -> Any:
    return lambda control: lab.lab.call(lambda: lab.lab.lab.inject(text))


def test_a_retention_that_is_stopped_ends_its_drift_compensation_behind_the_safe_state(session):
    lab = session(seed=3, drift=FAST)
    disturbed(lab, read_once, lambda control: control.abort("a test"), "aborted")
    assert not follows(lab)
    (recording,) = recordings_of(lab.path)
    said = [line.text.partition(" ")[0] for line in Transcript(recording, plugins.dialect).lines() if line.way == "->"]
    assert said.index("ZCtrl.Withdraw") < len(said) - 1 - said[::-1].index("Piezo.DriftCompSet")


@pytest.mark.slow
def test_a_retention_that_fails_ends_it_as_well(session):
    lab = session(seed=3, drift=FAST)
    disturbed(lab, read_once, fault("probe:snap-off", lab), "aborted")
    assert not follows(lab)


def test_a_controller_that_cannot_be_told_is_named_in_the_run(session):
    lab = session(seed=3, drift=FAST)
    run = disturbed(lab, read_once, fault("probe:refuse", lab), "failed")
    (told,) = [note for note in run.notes if note.startswith("drift compensation may still be on at the controller")]
    assert told.endswith("switch it off there")


@pytest.mark.slow
def test_a_retention_that_ends_well_follows_no_drift_any_more(session):
    lab = session(seed=3, drift=FAST)
    lab.run("retention", **RETENTION)
    assert not follows(lab)


@pytest.mark.slow
def test_the_drift_is_measured_without_what_an_earlier_run_has_left_on(session):
    lab = session(seed=3, drift=FAST)
    lab.bench.probe.compensate_drift(1e-10, 0.0)
    followed = []

    def imaged(record: Any) -> bool:
        if isinstance(record, FrameBegin):
            followed.append(follows(lab))
        return len(followed) == 2

    disturbed(lab, imaged, lambda control: control.abort("a test"), "aborted")
    assert followed == [False, False]


@pytest.mark.parametrize(
    "stopped",
    [pytest.param(False, id="ended well", marks=pytest.mark.slow), pytest.param(True, id="stopped in its last moment")],
)
def test_what_drift_correct_has_found_is_followed_only_when_it_ended_well(session, stopped):
    lab = session(seed=3, drift=FAST)
    disturbed(
        lab,
        lambda record: isinstance(record, Note) and record.text.startswith("the controller follows"),
        lambda control: control.abort("a test") if stopped else None,
        "aborted" if stopped else "finished",
        "drift-correct",
        images=2,
        interval=10.0,
        **IMAGE,
    )
    assert follows(lab) != stopped


def test_drift_compensation_can_be_ended_while_the_interlock_is_latched_and_not_begun(session):
    from nanoprobe.errors import Interlocked

    lab = session(seed=3, drift=FAST)
    lab.bench.probe.compensate_drift(1e-10, 0.0)
    lab.bench.interlock.latch("a test")
    with pytest.raises(Interlocked):
        lab.bench.probe.compensate_drift(1e-10, 0.0)
    lab.bench.probe.compensate_drift(0.0, 0.0)
    assert not follows(lab)
    lab.bench.interlock.reset("a test")
