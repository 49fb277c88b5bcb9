"""The role Potentiostat on the simulated EmStat4, over TCP and a pseudo-terminal: what it measures, and how it fails."""

import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import numpy as np
import pytest

from nanoprobe.bench import open_bench
from nanoprobe.errors import (
    Aborted,
    BadInput,
    InstrumentError,
    InstrumentTimeout,
    Interlocked,
    LimitExceeded,
    LinkLost,
    NanoprobeError,
    Unreachable,
)
from nanoprobe.potentiostat import Potentiostat
from nanoprobe.techniques import (
    ConstantCurrent,
    ConstantVoltage,
    CyclicSweep,
    Ended,
    Impedance,
    LinearSweep,
    Trace,
)
from sim_instruments.pellet import CellSettings

CURRENT = ConstantCurrent(current=100e-6, duration=20, interval=1, voltage_min=-1, voltage_max=1)


def nothing(*_: object) -> None:
    pass


def resistance(lab: Any) -> float:
    """Of the whole symmetric cell at direct current (ohm), from what the lab drew."""
    return 217 + 17 + 2 * lab.cell_truth["area_specific_resistance"] / 1e-4 + 0.2


@pytest.fixture
def ppc(lab_starter: Callable[..., Any]) -> Any:
    return lab_starter(sample="ppc")


@pytest.mark.parametrize("pty", [False, True], ids=["socket", "pseudo-terminal"])
def test_constant_current_gives_times_voltages_and_currents(lab_starter, pty):
    lab = lab_starter(sample="ppc", pty=pty)
    pieces: list[Trace] = []
    with open_bench(lab.bench_file) as bench:
        assert isinstance(bench.potentiostat, Potentiostat)
        assert bench.identities["potentiostat"].startswith(
            "PalmSens EmStat4 HR, firmware 1.3.01 R, serial number ES4HR"
        )
        trace = bench.potentiostat.measure(CURRENT, nothing, pieces.append)
    assert trace.ended is Ended.COMPLETED
    np.testing.assert_allclose(trace.time, np.arange(1, 21), atol=1e-6)
    np.testing.assert_allclose(trace.current, 100e-6)
    np.testing.assert_allclose(trace.voltage[-5:], 100e-6 * resistance(lab), rtol=0.01)
    assert trace.charge == pytest.approx(20 * 100e-6)
    np.testing.assert_array_equal(np.concatenate([piece.time for piece in pieces]), trace.time)
    assert lab.lab.log.unsafe == []


def test_the_device_itself_ends_a_technique_at_its_cut_offs(ppc):
    volts = 50e-6 * resistance(ppc)
    with open_bench(ppc.bench_file) as bench:
        measure = bench.potentiostat.measure
        up = ConstantCurrent(current=100e-6, duration=20, interval=1, voltage_min=-1, voltage_max=volts)
        down = ConstantCurrent(current=-100e-6, duration=20, interval=1, voltage_min=-volts, voltage_max=1)
        surge = ConstantVoltage(voltage=0.1, duration=20, interval=1, current_limit=100e-6)
        taper = ConstantVoltage(voltage=0.1, duration=20, interval=1, current_limit=1e-3, taper=0.5e-3)
        ended = [measure(technique, nothing, nothing).ended for technique in (up, down, surge, taper)]
    assert ended == [Ended.VOLTAGE_MAX, Ended.VOLTAGE_MIN, Ended.CURRENT, Ended.TAPER]


def test_sweeps_go_where_they_are_told(ppc):
    with open_bench(ppc.bench_file) as bench:
        line = bench.potentiostat.measure(
            LinearSweep(start=0.0, stop=-0.1, step=0.01, rate=0.1, current_limit=2e-3), nothing, nothing
        )
        cycle = bench.potentiostat.measure(
            CyclicSweep(start=0, first=0.1, second=-0.1, step=0.01, rate=0.1, scans=2, current_limit=2e-3),
            nothing,
            nothing,
        )
    np.testing.assert_allclose(line.voltage, np.linspace(0, -0.1, 11), atol=1e-9)
    assert line.current[-1] == pytest.approx(-0.1 / resistance(ppc), rel=0.01)
    assert cycle.voltage.max() == pytest.approx(0.1)
    assert cycle.voltage.min() == pytest.approx(-0.1)
    assert (np.diff(np.sign(np.diff(cycle.voltage))) != 0).sum() >= 4


def test_a_spectrum_goes_from_high_to_low_and_grows_as_it_comes(lab_starter):
    lab = lab_starter(sample="ppc", cell=CellSettings(kind="lfp"))
    sizes: list[int] = []
    with open_bench(lab.bench_file) as bench:
        rest = bench.potentiostat.rest_voltage()
        spectrum = bench.potentiostat.spectrum(
            Impedance(amplitude=0.01, highest=200e3, lowest=0.1, points=32, largest_current=1e-3),
            nothing,
            lambda spectrum: sizes.append(len(spectrum.frequency)),
        )
    np.testing.assert_allclose(spectrum.frequency, np.geomspace(200e3, 0.1, 32), rtol=1e-5)
    assert spectrum.voltage == pytest.approx(rest, abs=1e-3)
    assert 2.5 < rest < 3.5
    assert spectrum.impedance.real[0] < 225 < 270 < spectrum.impedance.real[-1]
    assert spectrum.impedance.imag[0] < -8
    assert sizes == sorted(sizes)
    assert sizes[-1] == 32


def test_the_thermometer_is_read_and_a_hot_cell_latches_the_interlock(ppc):
    with open_bench(ppc.bench_file) as bench:
        assert bench.potentiostat.temperature() == pytest.approx(298.0, abs=0.1)
        ppc.call(lambda: setattr(ppc.lab.world.cell, "temperature", 340.0))
        with pytest.raises(Interlocked, match=r"the cell is at 66\.\d °C, hard limit 60\.0 °C"):
            bench.potentiostat.temperature()


@pytest.mark.parametrize(
    ("technique", "says"),
    [
        pytest.param(ConstantCurrent(current=11e-3, duration=9, interval=1, voltage_min=0, voltage_max=1),
                     "cell current: 11 mA is beyond the bench's limit of 10 mA", id="current"),
        pytest.param(ConstantCurrent(current=1e-3, duration=9, interval=1, voltage_min=0, voltage_max=6.1),
                     "upper cut-off: 6.1 V is beyond the bench's limit of 6 V", id="voltage"),
    ],
)  # fmt: skip
def test_what_is_beyond_the_bench_is_refused_before_the_cell_is_switched_on(ppc, technique, says):
    with open_bench(ppc.bench_file) as bench, pytest.raises(LimitExceeded, match=says):
        bench.potentiostat.measure(technique, nothing, nothing)
    assert not any(event["what"] == "cell" and event["state"] for event in ppc.lab.events)


def test_a_watch_that_raises_switches_the_cell_off_and_the_next_technique_works(ppc):
    def stop() -> None:
        raise Aborted("stopped by the operator")

    with open_bench(ppc.bench_file) as bench:
        with pytest.raises(Aborted):
            bench.potentiostat.measure(CURRENT, stop, nothing)
        assert ppc.lab.log.unsafe == []
        assert len(bench.potentiostat.measure(CURRENT, nothing, nothing).time) == 20


def test_off_from_another_thread_ends_a_script_that_runs(lab_starter):
    lab = lab_starter(sample="ppc", pace=1.0)
    begun = threading.Event()
    long = ConstantCurrent(current=100e-6, duration=600, interval=0.1, voltage_min=-1, voltage_max=1)
    failed: list[BaseException] = []

    def measure(bench: Any) -> None:
        try:
            bench.potentiostat.measure(long, nothing, lambda trace: begun.set())
        except NanoprobeError as error:
            failed.append(error)

    with open_bench(lab.bench_file) as bench:
        worker = threading.Thread(target=measure, args=(bench,))
        worker.start()
        assert begun.wait(10)
        bench.potentiostat.off()
        worker.join(10)
        assert lab.lab.log.unsafe == []
        assert "ended from outside" in str(failed[0])


def test_a_stop_that_comes_when_the_script_is_over_does_not_spoil_the_next_one(ppc):
    with open_bench(ppc.bench_file) as bench:

        def stop_at_the_end(trace: Trace) -> None:
            if trace.time[-1] > 0.99 * CURRENT.duration:
                bench.potentiostat.off()

        with suppress(InstrumentError):  # "ended from outside", where the stop was in time
            bench.potentiostat.measure(CURRENT, nothing, stop_at_the_end)
        bench.potentiostat.off()
        assert len(bench.potentiostat.measure(CURRENT, nothing, nothing).time) == 20


@pytest.mark.parametrize(
    ("fault", "error", "says"),
    [
        pytest.param("potentiostat:error=16385@match=meas_loop", InstrumentError,
                     r"rejects the script: error 4001 \(the script command is unknown\) at Line 1", id="script rejected"),
        pytest.param("potentiostat:overload@match=meas_loop", InstrumentError,
                     "overload for 3 readings in a row", id="overload"),
        pytest.param("potentiostat:close-at-once@match=cell_on", LinkLost, "connection to EmStat4 .* broke", id="cable"),
    ],
)  # fmt: skip
def test_what_goes_wrong_is_said_and_leaves_the_cell_off(lab_starter, fault, error, says):
    lab = lab_starter(sample="ppc")

    def measure() -> None:
        with open_bench(lab.bench_file) as bench:
            lab.call(lambda: lab.lab.inject(fault))
            bench.potentiostat.measure(CURRENT, nothing, nothing)

    with pytest.raises(error, match=says):
        measure()


def test_a_device_that_resets_in_the_middle_is_noticed_by_its_silence(lab_starter):
    lab = lab_starter(sample="ppc", pace=1.0)
    text = lab.bench_file.read_text()
    lab.bench_file.write_text(text.replace('driver = "emstat4"', 'driver = "emstat4"\ntimeout = 0.3'))
    quick = ConstantCurrent(current=100e-6, duration=60, interval=0.1, voltage_min=-1, voltage_max=1)
    with open_bench(lab.bench_file) as bench:

        def reset(trace: Trace) -> None:
            lab.call(lab.lab.potentiostat.device.reset)

        with pytest.raises(InstrumentTimeout, match=r"sent nothing for 0\.5 s in the middle of a script; was it reset"):
            bench.potentiostat.measure(quick, nothing, reset)
        assert lab.lab.log.unsafe == []


def test_another_device_is_refused_by_name(lab_starter):
    lab = lab_starter(faults=(fault("potentiostat:wrong-model=espico"),))
    with pytest.raises(Unreachable, match="expected one of EmStat4 LR, EmStat4 HR, Nexus but 'espico1301"):
        with open_bench(lab.bench_file):
            pass


def fault(text: str) -> Any:
    from sim_instruments.faults import parse_fault

    return parse_fault(text)


def test_a_bench_may_have_a_potentiostat_alone(ppc):
    text = ppc.bench_file.read_text()
    head, _, cell = text.partition("[instruments.source_meter]")
    ppc.bench_file.write_text(head + "[instruments.potentiostat]" + cell.partition("[instruments.potentiostat]")[2])
    with open_bench(ppc.bench_file) as bench:
        assert bench.potentiostat.rest_voltage() == pytest.approx(0, abs=1e-3)
        with pytest.raises(BadInput, match=r"has no bias source: add \[instruments.source_meter\]"):
            _ = bench.source
        with pytest.raises(BadInput, match="has no probe"):
            _ = bench.probe
