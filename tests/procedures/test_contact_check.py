import math

import pytest

from nanoprobe.errors import BadInput, ContactLost, LimitExceeded
from nanoprobe.tip_record import TipBook, TipCheck, TipRecord, now
from procedures.contact_check import ContactCheck
from procedures.trigger_ramp import TriggerRamp


def test_a_good_contact_passes_and_is_told_in_full(lab, engine, source, probe):
    source.conductance = 1 / (10e6 + 50e3)
    engine.run(ContactCheck(dwell=0.1, reference_pad=True), lab)
    (done,) = engine.of("check")
    assert done.passed, done.reason
    assert done.values["adhesion"] == pytest.approx(20e-9, rel=0.12)
    assert done.values["contact_resistance"] == pytest.approx(50e3, rel=0.2)
    assert done.values["current_noise"] == pytest.approx(1e-13, rel=0.3)
    assert done.values["open_circuit_voltage"] == pytest.approx(0, abs=1e-4)
    assert done.values["force"] == pytest.approx(50e-9)
    assert math.isnan(done.values["snap_in"])


def test_it_ends_with_output_off_and_the_tip_in_contact(lab, engine, source, probe):
    engine.run(ContactCheck(dwell=0.1), lab)
    assert source.log[-1] == "off"
    assert probe.contact
    assert "safe withdraw" not in probe.log


def test_an_insulating_surface_gives_nan_resistance_and_still_passes_without_a_pad(lab, engine):
    engine.run(ContactCheck(dwell=0.1), lab)
    (done,) = engine.of("check")
    assert done.passed
    assert math.isnan(done.values["contact_resistance"])
    assert math.isnan(done.values["open_circuit_voltage"])


def test_a_pad_that_carries_no_current_fails_and_blocks_the_tip_for_other_procedures(lab, engine):
    with pytest.raises(ContactLost, match=r"no current flows on the reference pad at 50 mV; less than 100 kohm"):
        engine.run(ContactCheck(dwell=0.1, reference_pad=True, bench="fakes.toml"), lab)
    assert not engine.of("check")[0].passed
    with pytest.raises(ContactLost, match=r"tip 'tip A' failed its last contact check .* new_history=true"):
        engine.run(TriggerRamp(bench="fakes.toml"), lab)


def test_an_adhesion_outside_3_sigma_of_the_history_fails_and_new_history_clears_it(lab, engine, probe):
    earlier = TipCheck(when=now(), adhesion=20e-9)
    TipBook(simulated=True).save(TipRecord(identity="tip A", checks=(earlier,) * 5))
    probe.pull = 40e-9
    with pytest.raises(
        ContactLost, match=r"adhesion 40.6 nN is outside 3 sigma of this tip's history \(14 nN to 26 nN\)"
    ):
        engine.run(ContactCheck(dwell=0.1, bench="fakes.toml"), lab)
    engine.run(ContactCheck(dwell=0.1, bench="fakes.toml", new_history=True), lab)
    record = TipBook(simulated=True).load("tip A")
    assert not record.blocked
    assert len(record.checks) == 1


@pytest.mark.parametrize(
    ("stiffness", "pull"),
    [
        pytest.param(0.2, 20e-9, id="soft lever that comes off beyond the first retraction"),
        pytest.param(2.0, 20e-9, id="lever of middling stiffness"),
        pytest.param(40.0, 8e-9, id="stiff lever that comes off within 2 nm"),
    ],
)
def test_adhesion_is_found_whatever_the_levers_stiffness(lab, engine, probe, stiffness, pull):
    probe.stiffness, probe.pull = stiffness, pull
    engine.run(ContactCheck(dwell=0.1), lab)
    values = engine.of("check")[0].values
    assert abs(values["adhesion"] - pull) <= 3 * values["adhesion_uncertainty"]
    assert values["adhesion_uncertainty"] < 0.1 * pull


@pytest.mark.parametrize(
    ("values", "text"),
    [
        pytest.param({"bais": 0.05}, "ContactCheck has no parameter 'bais'; did you mean 'bias'?", id="near miss"),
        pytest.param(
            {"bias": 0.5}, "ContactCheck: bias = 0.5 is not allowed: a number from 1 mV to 200 mV", id="range"
        ),
        pytest.param({"bias": "5 nA"}, "ContactCheck: bias: '5 nA' has the wrong unit", id="unit"),
        pytest.param({"bias": float("nan")}, "bias = nan is not allowed", id="nan"),
        pytest.param(
            {"reference_pad": "maybe"}, "reference_pad = 'maybe' is not allowed: choose true or false", id="switch"
        ),
    ],
)
def test_a_bad_parameter_is_refused_by_name(values, text):
    with pytest.raises(BadInput) as caught:
        ContactCheck(**values)
    assert text in str(caught.value)


def test_values_with_units_are_read_into_si():
    assert ContactCheck(bias="20 mV", force="0.1 uN").bias == pytest.approx(0.02)


def test_a_place_beyond_the_bench_is_refused_before_anything_moves(lab, engine, probe):
    with pytest.raises(LimitExceeded, match=r"the plan's path x: 50 µm is beyond the bench's limit of 10 µm"):
        engine.run(ContactCheck(x=50e-6), lab)
    assert probe.log == []
