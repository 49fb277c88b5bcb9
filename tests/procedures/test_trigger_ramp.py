import math

import numpy as np
import pytest

from nanoprobe.errors import Aborted, BadInput, ContactLost, Interlocked
from nanoprobe.records import PointState
from nanoprobe.roles import TripWay
from nanoprobe.wiring import Wiring
from procedures.trigger_ramp import TriggerRamp


def test_a_surge_is_kept_as_a_bracket_with_trip_overshoot_and_charge(lab, engine):
    engine.run(TriggerRamp(), lab)
    (done,) = engine.of("ramp")
    values = done.values
    assert values["triggered"] == 1
    assert -2.03 <= values["trigger_first_above"] <= values["trigger_last_below"] <= -1.95
    assert values["tripped"] == 1
    assert values["trip_latency"] == pytest.approx(0.01)
    assert values["overshoot"] > 0
    assert abs(values["charge_after_trigger"]) > 0
    assert math.isnan(values["censored_at"])
    assert done.way == "source-meter"
    assert done.state is PointState.DONE
    assert np.all(done.bias <= 1e-5)


def test_no_surge_is_censored_at_the_end_of_the_ramp(lab, engine, source):
    source.trigger = lambda: 99.0
    engine.run(TriggerRamp(stop_bias=-3.0), lab)
    values = engine.of("ramp")[0].values
    assert values["triggered"] == 0
    assert values["tripped"] == 0
    assert values["censored_at"] == pytest.approx(-3.0, abs=1e-3)
    assert math.isnan(values["trigger_first_above"])


def test_topics_come_in_the_order_that_commits_a_point_once(lab, engine):
    engine.run(TriggerRamp(), lab)
    topics = [topic for topic, _ in engine.emitted if topic != "progress"]
    assert topics == ["note", "layout", "point", "samples", "ramp", "results", "note"]


def test_the_ramp_ends_with_a_hold_of_a_tenth_of_a_second(lab, engine, source):
    source.trigger = lambda: 99.0
    engine.run(TriggerRamp(stop_bias=-1.0), lab)
    done = engine.of("ramp")[0]
    assert np.count_nonzero(np.abs(done.bias_source) == 1.0) == 6
    assert done.time[-1] == pytest.approx(2.0 + 0.1)


def test_a_return_leg_gives_the_loops_area_and_does_not_move_the_bracket(lab, engine):
    engine.run(TriggerRamp(on_trip="return"), lab)
    values = engine.of("ramp")[0].values
    assert math.isfinite(values["hysteresis_area"])
    assert -2.03 <= values["trigger_first_above"] <= -1.95


def test_every_other_way_the_wiring_has_can_be_asked_for_and_is_recorded(lab, engine):
    engine.run(TriggerRamp(trip_way="host"), lab)
    assert engine.of("ramp")[0].way == TripWay.HOST


@pytest.mark.parametrize(
    ("values", "text"),
    [
        pytest.param(
            {"trip_way": "controller"}, "trip by 'controller' is not possible: the bias comes from the source_meter", id="way"
        ),
        pytest.param(
            {"trip_current": 100e-9, "compliance": 200e-9, "rate": 10.0}, "it reads from 5 pA (its floor) to 95 nA",
            id="beyond the range",
        ),
        pytest.param(
            {"trip_current": 10e-9}, "trip_current 10 nA must lie below compliance 10 nA", id="trip above the compliance"
        ),
        pytest.param({"stop_bias": 0.001}, "stop_bias 1 mV is less than one step of the ramp (10 mV)", id="no ramp"),
        pytest.param({"on_trip": "explode"}, "on_trip = 'explode' is not allowed: choose off or return", id="choice"),
        pytest.param({"rate": 0.001}, "rate = 0.001 is not allowed: a number from 10 mV/s to 10 V/s", id="rate"),
    ],
)  # fmt: skip
def test_a_ramp_that_cannot_be_is_refused_before_anything_moves(lab, engine, probe, values, text):
    with pytest.raises(BadInput) as caught:
        engine.run(TriggerRamp(**values), lab)
    assert text in str(caught.value)
    assert probe.log == []


def test_a_trip_level_below_the_floor_is_refused(lab, engine, source, probe):
    source.current_floor = 50e-12
    with pytest.raises(BadInput, match=r"trip current 10 pA cannot be judged by the source_meter"):
        engine.run(TriggerRamp(trip_current=10e-12), lab)
    assert probe.log == []


def test_the_outlook_names_what_the_ramp_can_do_at_most():
    ahead = TriggerRamp().foresee(Wiring())
    assert (ahead.bias_min, ahead.bias_max) == (-6.0, 0.0)
    assert ahead.samples == 606
    assert ahead.charge == pytest.approx(1e-9 * 12.12 + 10e-9 * 0.12)
    assert ("series resistor", "10 Mohm") in ahead.rows()
    assert TriggerRamp().get_estimates() == ahead.rows()


def test_a_force_that_runs_away_latches_the_interlock(lab, engine, source, probe):
    source.on_poll = lambda: setattr(probe, "force_error", 0.5)
    with pytest.raises(Interlocked, match=r"force of 75 nN on the tip, 50 nN was set"):
        engine.run(TriggerRamp(), lab)
    assert source.log[-1] == "off"
    assert engine.of("ramp") == []


def test_the_preamps_largest_current_is_kept(lab, engine):
    engine.run(TriggerRamp(), lab)
    assert engine.of("ramp")[0].values["preamp_current"] == pytest.approx(2e-12)


def test_a_stop_in_the_middle_of_a_ramp_turns_the_output_off_and_passes_to_the_engine(lab, engine, source):
    engine.stop_when = lambda topic, record: topic == "point"
    with pytest.raises(Aborted, match="stopped by the operator"):
        engine.run(TriggerRamp(), lab)
    assert source.log[-1] == "off"
    assert engine.of("ramp") == []


def test_a_tip_that_does_not_come_down_is_named_and_nothing_is_biased(lab, engine, source, probe):
    probe.fail_landings = {1}
    with pytest.raises(ContactLost, match=r"the tip did not come down at x 1 µm, y 0 m: fake probe: no surface"):
        engine.run(TriggerRamp(x=1e-6), lab)
    assert "ramp" not in source.log


def test_a_withdrawn_tip_is_approached_by_the_procedure_itself(lab, engine, probe):
    probe.contact = False
    engine.run(TriggerRamp(x=1e-6), lab)
    assert probe.log.index("move") < probe.log.index("approach")
    assert probe.place == (1e-6, 0.0)
    assert probe.contact


def test_a_point_that_was_begun_is_never_ramped_again(lab, engine, source):
    procedure = TriggerRamp()
    procedure.done_points = frozenset({0})
    engine.run(procedure, lab)
    assert "ramp" not in source.log


def test_a_trigger_contaminates_the_tip_and_the_record_outlives_the_run(lab, engine):
    engine.run(TriggerRamp(bench="fakes.toml"), lab)
    second = engine.run(TriggerRamp(bench="fakes.toml"), lab)
    assert "'tip A' (contaminated): 0 m scanned, 1 ramps, 1 triggers" in second.of("note")[2].text
    assert "2 ramps, 2 triggers" in second.of("note")[-1].text
