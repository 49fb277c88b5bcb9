"""An instrument that fails in the middle of a ramp or a map: no result, but an interlock, and the point kept as it is."""

import pytest

from nanoprobe.errors import Interlocked
from nanoprobe.records import PointState
from nanoprobe.storage import open_run

SOURCE = "source_meter"
FAULTS = {
    "interlock": "its output read 0 V in a ramp where .* was set .*: it went off by itself. Is its interlock closed?",
    "overload": "reads a current beyond its range although its output is off: it is overloaded",
    "error": r"Keithley 2450 refuses: -310.* \(after a ramp\)",
}
"""Kinds of fault of a source-meter with what is said of them."""


@pytest.mark.parametrize("kind", FAULTS)
@pytest.mark.parametrize("procedure", ["trigger-ramp", "trigger-map"])
def test_a_source_meter_that_fails_in_a_ramp_latches_and_the_point_is_interrupted_with_its_samples(
    break_run, moments, procedure, kind
):
    run = break_run(procedure, f"source_meter:{kind}@command={moments(procedure, SOURCE).biased + 2}")
    assert (run.status, run.outcome.exit_status) == ("aborted", 3)
    with pytest.raises(Interlocked, match=FAULTS[kind]):
        raise run.error
    assert run.unsafe == []
    with open_run(run.outcome.path) as stored:
        states = stored.points["state"].values
        (broken,) = [index for index, state in enumerate(states) if state == PointState.INTERRUPTED]
        assert not [state for state in states if state == PointState.FAILED]
        assert int(stored.ramps["n_samples"][broken]) > 0


@pytest.mark.parametrize("procedure", ["trigger-ramp", "trigger-map"])
def test_a_preamp_that_is_saturated_after_a_ramp_latches(break_run, moments, procedure):
    run = break_run(procedure, f"probe:saturation@command={moments(procedure, 'probe').biased + 1}")
    assert (run.status, run.outcome.exit_status) == ("aborted", 3)
    with pytest.raises(Interlocked, match=r"the preamp reads .* with the source off, 500 pA at most is right"):
        raise run.error
    assert run.unsafe == []
    with open_run(run.outcome.path) as stored:
        assert not all(stored.points["state"].values == PointState.DONE)


def test_a_current_map_ends_when_a_limit_of_z_lifts_the_tip_off(break_run, moments):
    run = break_run("current-map", f"probe:z-limit@command={moments('current-map', 'probe').biased + 1}")
    assert (run.status, run.outcome.exit_status) == ("aborted", 3)
    with pytest.raises(Interlocked, match=r"force of .* on the tip, 50 nN was set"):
        raise run.error
    assert run.unsafe == []
    with open_run(run.outcome.path) as stored:
        assert 0 < stored.lines_committed < 16


@pytest.mark.parametrize("kind", ["interlock", "overload"])
def test_a_ramp_stepped_by_the_host_notices_too(break_run, kind):
    stepped = {"stop_bias": -3.0, "rate": 2.0, "trip_way": "host"}
    run = break_run("trigger-ramp", f"source_meter:{kind}@match=:SOUR:VOLT 1;", parameters=stepped)
    assert (run.status, run.outcome.exit_status) == ("aborted", 3)
    with pytest.raises(Interlocked, match=FAULTS[kind]):
        raise run.error
    assert run.unsafe == []
