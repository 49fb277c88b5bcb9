"""What every bias source must do, held against each driver on the simulated lab with the tip in contact."""

from dataclasses import replace

import numpy as np
import pytest

from nanoprobe.errors import BadInput
from nanoprobe.roles import BiasSource, OnTrip, RampPlan, SourceMeter, TripWay

PLAN = RampPlan(start=0, stop=6, rate=0.5, sample_interval=0.02, trip_current=1e-9, compliance=1e-8)
SHORT = replace(PLAN, stop=0.4)
FORCE = 50e-9


@pytest.fixture
def probe(lab, open_instrument):
    probe = open_instrument(lab, "probe")
    probe.approach(FORCE)
    return probe


@pytest.fixture
def source(request, lab, open_instrument, probe):
    if request.param == "controller":
        return probe.bias_source()
    source = open_instrument(lab, "source_meter", request.param)
    source.program_limits(bias=10, current=1e-6)
    return source


ALL = pytest.mark.parametrize("source", ["keithley2450", "pymeasure2450", "controller"], indirect=True)
WAYS = pytest.mark.parametrize(
    ("source", "way"),
    [
        pytest.param("keithley2450", TripWay.SOURCE_METER, id="2450 by itself"),
        pytest.param("keithley2450", TripWay.HOST, id="2450 by host"),
        pytest.param("pymeasure2450", TripWay.HOST, id="PyMeasure's 2450"),
        pytest.param("controller", TripWay.CONTROLLER, id="controller by itself"),
        pytest.param("controller", TripWay.HOST, id="controller by host"),
    ],
    indirect=["source"],
)


def run(source, plan, way, watch=lambda: None):
    parts = []
    source.prepare(plan, way)
    record = source.ramp(plan, way, watch, lambda *arrays: parts.append(arrays))
    handed = [np.concatenate(column) for column in zip(*parts, strict=True)]
    return record, handed


def electrode_is_at_zero(lab):
    world = lab.lab.world
    return lab.call(lambda: world.source_voltage("source_meter")) == pytest.approx(0, abs=1e-3) and lab.call(
        lambda: world.source_voltage("probe")
    ) == pytest.approx(0, abs=1e-3)


@ALL
def test_fulfils_the_role(source):
    assert isinstance(source, BiasSource)
    assert source.ways
    assert 0 < source.current_floor <= 1e-9 < source.current_ceiling


@pytest.mark.parametrize("driver", ["keithley2450", "pymeasure2450"])
def test_source_meter_fulfils_its_role_and_says_who_it_is(lab, open_instrument, driver):
    meter = open_instrument(lab, "source_meter", driver)
    assert isinstance(meter, SourceMeter)
    assert "MODEL 2450" in meter.identity


@ALL
def test_holds_a_level_reads_it_and_goes_off(source, lab):
    source.hold(0.05, 1e-8)
    readings = [source.read(), *source.read_many(3)]
    assert [reading.voltage for reading in readings] == pytest.approx([0.05] * 4, abs=1e-3)
    assert all(abs(reading.current) < 1e-8 for reading in readings)
    assert not source.in_compliance()
    source.off()
    source.in_compliance()  # the output-off before it is one-way, this answer comes after it
    assert electrode_is_at_zero(lab)


@WAYS
def test_ramp_trips_within_a_step_of_the_surge_and_leaves_zero(source, way, lab):
    record, handed = run(source, PLAN, way)
    true = lab.truth[-1]["trigger_voltage"]
    assert record.tripped
    assert record.way is way
    assert abs(record.current[-1]) > PLAN.trip_current or np.isnan(record.current[-1])
    assert (np.abs(record.current[:-1]) <= PLAN.trip_current).all()
    assert true - 0.05 < abs(record.voltage[-1]) < true + 0.1
    assert 0 < record.trip_latency < 0.1
    source.in_compliance()
    assert electrode_is_at_zero(lab)
    np.testing.assert_array_equal(handed, [record.time, record.voltage, record.current])


@WAYS
def test_ramp_keeps_the_rate_on_the_instruments_clock(source, way):
    record, _ = run(source, SHORT, way)
    assert not record.tripped
    assert np.isnan(record.trip_latency)
    assert record.time[0] == 0
    assert (np.diff(record.time) > 0).all()
    rising = record.voltage < SHORT.stop - 0.02
    slope = np.polyfit(record.time[rising], record.voltage[rising], 1)[0]
    assert slope == pytest.approx(SHORT.rate, rel=0.05)
    assert record.voltage[-1] == pytest.approx(SHORT.stop, abs=2e-3)


@WAYS
def test_negative_ramp_is_the_mirror_image(source, way):
    record, _ = run(source, replace(SHORT, stop=-0.4), way)
    assert record.voltage[-1] == pytest.approx(-0.4, abs=2e-3)


@WAYS
def test_watch_that_raises_leaves_zero_and_the_source_usable(source, way, lab, probe):
    class Stop(Exception):
        pass

    calls = []
    last = 1 if way is TripWay.CONTROLLER else 3  # a whole sweep may be over before its second

    def watch():
        calls.append(0)
        if len(calls) == last:
            raise Stop

    with pytest.raises(Stop):
        run(source, PLAN, way, watch)
    source.in_compliance()  # the output-off before it is one-way, this answer comes after it
    assert electrode_is_at_zero(lab)
    probe.lift(500e-9)
    probe.move_to(2e-6, 2e-6)  # the first spot may have triggered before the abort came
    probe.land(FORCE)
    record, _ = run(source, SHORT, way)
    assert not record.tripped


@pytest.mark.parametrize(
    ("source", "way"),
    [("keithley2450", TripWay.SOURCE_METER), ("keithley2450", TripWay.HOST), ("pymeasure2450", TripWay.HOST)],
    indirect=["source"],
)
def test_return_leg_walks_back_to_the_start_at_its_rate_under_compliance(source, way, lab):
    record, _ = run(source, replace(PLAN, on_trip=OnTrip.RETURN), way)
    back = record.return_from
    assert record.tripped
    assert back is not None
    assert record.voltage[-1] == pytest.approx(0, abs=2e-3)
    seconds = record.time[-1] - record.time[back]
    assert abs(record.voltage[back - 1]) / seconds == pytest.approx(PLAN.return_rate, rel=0.3)
    assert np.nanmax(np.abs(record.current)) <= 1.05 * PLAN.compliance
    source.in_compliance()
    assert electrode_is_at_zero(lab)


@pytest.mark.parametrize("source", ["controller"], indirect=True)
def test_controller_refuses_a_return_leg_it_cannot_walk(source):
    with pytest.raises(BadInput, match="can stop, not return under way"):
        source.prepare(replace(PLAN, on_trip=OnTrip.RETURN), TripWay.CONTROLLER)


@pytest.mark.parametrize("source", ["keithley2450"], indirect=True)
def test_compliance_trips_too_when_it_is_the_trip_level(source):
    record, _ = run(source, replace(PLAN, trip_current=9.4e-9, compliance=9.4e-9), TripWay.SOURCE_METER)
    assert record.tripped
    assert record.in_compliance


@pytest.mark.parametrize("source", ["keithley2450"], indirect=True)
def test_reset_behind_the_drivers_back_is_noticed_and_the_program_loaded_again(source):
    run(source, SHORT, TripWay.SOURCE_METER)
    source.write("*RST")
    source.prepare(SHORT, TripWay.SOURCE_METER)
    record = source.ramp(SHORT, TripWay.SOURCE_METER, lambda: None, lambda *_: None)
    assert record.voltage[-1] == pytest.approx(SHORT.stop, abs=2e-3)
    assert source.protection == "PROT20"


@pytest.mark.parametrize("source", ["keithley2450"], indirect=True)
def test_same_seed_and_commands_give_the_same_samples(source, lab_starter, open_instrument):
    first, _ = run(source, PLAN, TripWay.SOURCE_METER)
    other = lab_starter()
    probe = open_instrument(other, "probe")
    probe.approach(FORCE)
    meter = open_instrument(other, "source_meter")
    meter.program_limits(bias=10, current=1e-6)
    second, _ = run(meter, PLAN, TripWay.SOURCE_METER)
    np.testing.assert_array_equal(first.current, second.current)
    np.testing.assert_array_equal(first.time, second.time)
