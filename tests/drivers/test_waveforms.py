"""Waveforms: run by the 2450 itself, stepped by the host for the others; the same levels, and off on every way out."""

from typing import Any

import numpy as np
import pytest

from nanoprobe.bench import open_bench
from nanoprobe.errors import BadInput, Interlocked, LimitExceeded
from nanoprobe.waveform import Runner, Step, Waveform

PULSES = Waveform(
    steps=(Step(-3.0, 0.01, read=False), Step(-0.1, 0.02), Step(2.0, 0.05, read=False), Step(0.1, 0.02)),
    repeats=5,
    compliance=100e-9,
)
STAIRS = Waveform(steps=tuple(Step(level, 0.01) for level in (-0.5, -1.0, -0.5, 0.0)), repeats=2, compliance=10e-9)
STILL = Waveform(steps=(Step(-0.2, 0.01),), repeats=50, compliance=10e-9)


def electrode(lab: Any, bench: Any) -> float:
    """Return what stands at the electrode (V) once the source-meter itself says that it is off."""
    bench.leave()
    world = lab.lab.world
    return float(lab.call(lambda: world.source_voltage("source_meter") + world.source_voltage("probe")))


@pytest.fixture
def benches(lab_starter):
    def text(lab: Any, driver: str) -> str:
        words = lab.bench_file.read_text().replace('driver = "keithley2450"', f'driver = "{driver}"')
        return words.replace("poll_interval = 0\n", "", 1) if driver == "pymeasure2450" else words

    def start(driver: str = "keithley2450", **options: Any) -> Any:
        lab = lab_starter(**options)
        lab.bench_file.write_text(text(lab, driver))
        return lab

    return start


DRIVERS = pytest.mark.parametrize(
    ("driver", "runner"), [("keithley2450", Runner.INSTRUMENT), ("pymeasure2450", Runner.HOST)]
)


@DRIVERS
@pytest.mark.parametrize(
    ("plan", "levels"), [(PULSES, [-0.1, 0.1]), (STAIRS, [-0.5, -1.0, -0.5, 0.0]), (STILL, [-0.2])]
)
def test_every_reading_is_of_its_own_level(benches, driver, runner, plan, levels, readings):
    lab = benches(driver)
    with open_bench(lab.bench_file) as bench:
        assert bench.source.run_by(plan).runner is runner
        found = readings()
        end = bench.source.waveform(plan, bench.probe.wait, lambda: None, found)
        assert (end.runner, end.readings, end.stopped) == (runner, plan.repeats * plan.reads, False)
        np.testing.assert_allclose(found[1], levels * plan.repeats, atol=2e-3)
        assert np.all(np.diff(found[0]) > 0)
        assert electrode(lab, bench) == pytest.approx(0.0, abs=1e-3)


def test_the_source_meter_keeps_the_time_it_was_given(benches, readings):
    lab = benches()
    with open_bench(lab.bench_file) as bench:
        found = readings()
        bench.source.waveform(STILL, bench.probe.wait, lambda: None, found)
        np.testing.assert_allclose(np.diff(found[0]), 0.01, rtol=0.02)
        bench.source.waveform(PULSES, bench.probe.wait, lambda: None, cycles := readings())
        np.testing.assert_allclose(np.diff(cycles[0])[1::2], 0.03, rtol=0.05)
        np.testing.assert_allclose(np.diff(cycles[0])[0::2], 0.07, rtol=0.05)


@DRIVERS
def test_a_reading_beyond_the_stop_current_ends_it(benches, driver, runner, readings):
    lab = benches(driver, seed=3)
    with open_bench(lab.bench_file) as bench:
        bench.probe.approach(50e-9)
        found = readings()
        plan = Waveform(steps=(Step(-8.0, 0.01),), repeats=2000, compliance=20e-9, stop_current=5e-9)
        end = bench.source.waveform(plan, bench.probe.wait, lambda: None, found)
        assert end.stopped
        assert np.count_nonzero(np.abs(found[3]) > 5e-9) == 1
        assert abs(found[3][-1]) > 5e-9
        assert electrode(lab, bench) == pytest.approx(0.0, abs=1e-3)


@DRIVERS
def test_whoever_takes_the_readings_may_end_it(benches, driver, runner, readings):
    lab = benches(driver)
    with open_bench(lab.bench_file) as bench:
        plan = Waveform(steps=(Step(-0.2, 0.02),), repeats=5000, compliance=10e-9)
        end = bench.source.waveform(plan, bench.probe.wait, lambda: None, readings(most=20))
        assert end.stopped
        assert end.readings < 5000
        assert electrode(lab, bench) == pytest.approx(0.0, abs=1e-3)


@DRIVERS
def test_when_the_watch_raises_the_output_is_off_before_the_exception_passes(benches, driver, runner, readings):
    lab = benches(driver)
    looks = iter(range(10**6))

    def watch() -> None:
        if next(looks) == 3:
            raise RuntimeError("enough")

    with open_bench(lab.bench_file) as bench:
        plan = Waveform(steps=(Step(-0.2, 0.02),), repeats=5000, compliance=10e-9)
        with pytest.raises(RuntimeError, match="enough"):
            bench.source.waveform(plan, bench.probe.wait, watch, readings())
        assert electrode(lab, bench) == pytest.approx(0.0, abs=1e-3)


def test_a_forced_current_flows_and_the_voltage_is_read_and_then_all_is_as_before(benches, readings):
    lab = benches(seed=3)
    with open_bench(lab.bench_file) as bench:
        bench.probe.approach(50e-9)
        found = readings()
        plan = Waveform(
            steps=(Step(0.0, 0.01),), repeats=200, compliance=1e-9, forced_current=-500e-12, voltage_limit=9.0
        )
        bench.source.waveform(plan, bench.probe.wait, lambda: None, found)
        np.testing.assert_allclose(found[3], -500e-12, rtol=0.01)
        assert -9.0 < found[1].min() < found[1][-1] < 0.0
        bench.source.waveform(STILL, bench.probe.wait, lambda: None, again := readings())
        np.testing.assert_allclose(again[2], 0.2, atol=2e-3)


def test_a_ramp_after_a_waveform_is_loaded_anew(benches, readings):
    from nanoprobe.roles import RampPlan

    lab = benches()
    ramp = RampPlan(start=0, stop=-0.5, rate=1.0, sample_interval=0.01, trip_current=1e-9, compliance=1e-8)
    with open_bench(lab.bench_file) as bench:
        for _ in range(2):
            way = bench.source.choose(None)
            bench.source.prepare(ramp, way)
            done = bench.source.ramp(ramp, way, lambda: None, lambda *samples: None)
            assert done.bias_source[-1] == pytest.approx(0.5, abs=1e-3)
            bench.source.waveform(STILL, bench.probe.wait, lambda: None, readings())


@pytest.mark.parametrize(
    ("driver", "plan", "error", "text"),
    [
        ("keithley2450", Waveform(steps=(Step(-11.0, 0.1),), compliance=1e-8), LimitExceeded, "waveform bias: -11 V"),
        ("keithley2450", Waveform(steps=(Step(-1.0, 0.1),), compliance=2e-6), LimitExceeded, "waveform current: 2 µA"),
        (
            "keithley2450",
            Waveform(steps=(Step(-1.0, 1e-4),), compliance=1e-8),
            BadInput,
            "every 100 µs is too fast: at 0.1",
        ),
        (
            "keithley2450",
            Waveform(steps=(Step(-1.0, 0.1),), repeats=10**7, compliance=1e-8),
            BadInput,
            "10000000 readings does not fit",
        ),
        (
            "keithley2450",
            Waveform(steps=(Step(0.0, 0.1),), compliance=1e-9, forced_current=10e-12, voltage_limit=8.0),
            BadInput,
            "10 pA cannot be held by the source_meter: its own offset is as large; from 100 pA on it can",
        ),
        (
            "pymeasure2450",
            Waveform(steps=(Step(0.0, 0.1),), compliance=1e-9, forced_current=1e-9, voltage_limit=8.0),
            BadInput,
            "the source_meter cannot hold a current",
        ),
    ],
    ids=["bias", "current", "fast", "long", "forced below the floor", "no current source"],
)
def test_a_waveform_that_cannot_be_is_refused_with_the_output_off(benches, driver, plan, error, text, readings):
    lab = benches(driver)
    with open_bench(lab.bench_file) as bench:
        before = len(lab.lab.events)
        with pytest.raises(error, match=text):
            bench.source.waveform(plan, bench.probe.wait, lambda: None, readings())
        switched = [event for event in lab.lab.events[before:] if event.get("on") is True]
        assert switched == []


def test_a_latched_interlock_lets_no_waveform_begin(benches, readings):
    lab = benches()
    with open_bench(lab.bench_file) as bench:
        bench.interlock.latch("a test")
        with pytest.raises(Interlocked, match="a test"):
            bench.source.waveform(STILL, bench.probe.wait, lambda: None, readings())
        bench.interlock.reset("the test")
