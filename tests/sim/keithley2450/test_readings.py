"""Readings of the simulated 2450: values, times, noise, buffers and formats."""

import struct
from collections.abc import Callable

import pytest


def on(desk, volts: float = 1.0) -> None:
    desk.tell(f"""
        :SENS:CURR:RANG 10e-6
        :SENS:CURR:AZER OFF
        :SOUR:VOLT:DEL 0
        :SOUR:VOLT {volts}
        :OUTP ON""")


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        pytest.param(":READ?", "1.000000E-06", id="read"),
        pytest.param(":MEAS?", "1.000000E-06", id="measure"),
        pytest.param(":MEAS:VOLT?", "1.000000E+00", id="measure voltage"),
        pytest.param(":MEAS:RES?", "1.000000E+06", id="measure resistance"),
        pytest.param(':READ? "defbuffer2",SOUR,READ,REL', "1.000000E+00,1.000000E-06,0.000000", id="elements"),
        pytest.param(':MEAS:CURR? "defbuffer1", READing, UNIT', "1.000000E-06,Amp DC", id="long element names"),
        pytest.param(":FORM:ASC:PREC 3;:READ?", "1.00E-06", id="precision"),
        pytest.param(':READ? "defbuffer1",FORM,SOURUNIT,SOURSTAT,STAT', "+1.00000 uA,Volt DC,0,0", id="formatted"),
    ],
)
def test_a_reading_says_what_the_load_draws(desk, line: str, answer: str) -> None:
    on(desk)
    assert desk(line) == answer


@pytest.mark.parametrize(
    ("setting", "seconds"),
    [
        pytest.param(":SENS:CURR:NPLC 1", 0.02 + 130e-6, id="one cycle of 50 Hz"),
        pytest.param(":SENS:CURR:NPLC 0.01", 0.2e-3 + 130e-6, id="fastest"),
        pytest.param(":SENS:CURR:NPLC 1;:SENS:CURR:AZER ON", 0.06 + 130e-6, id="auto zero takes three"),
        pytest.param(":SENS:CURR:NPLC 1;:SENS:COUN 4", 4 * (0.02 + 130e-6), id="four readings"),
        pytest.param(":SENS:CURR:NPLC 1;:SENS:CURR:AVER ON;:SENS:CURR:AVER:COUN 5", 0.1 + 130e-6, id="averaged"),
        pytest.param(":SENS:CURR:NPLC 1;:SOUR:VOLT:DEL:AUTO ON", 2e-3 - 0.5e-3 + 0.02 + 130e-6, id="delay on 10 uA"),
    ],
)
def test_a_reading_takes_its_aperture_and_the_source_delay(desk, setting: str, seconds: float) -> None:
    on(desk)
    desk(setting)
    before = desk.timeline.now
    desk(":READ?")
    assert desk.timeline.now - before == pytest.approx(seconds + 0.5e-3)


@pytest.mark.parametrize(
    ("span", "delay"),
    [(10e-9, 50e-3), (100e-9, 50e-3), (1e-6, 3e-3), (10e-6, 2e-3), (100e-6, 1e-3), (1e-3, 1e-3)],
    ids=["10 nA", "100 nA", "1 uA", "10 uA", "100 uA", "1 mA"],
)
def test_automatic_delay_follows_the_current_range(desk, span: float, delay: float) -> None:
    desk(f":SENS:CURR:RANG {span};:OUTP ON;:SOUR:VOLT 1e-3")
    assert desk.sim.instrument.settled_at - desk.timeline.now == pytest.approx(delay)


def test_reading_beyond_its_range_is_the_overflow_value(desk) -> None:
    desk(":SENS:CURR:RANG 1e-7;:SOUR:VOLT:ILIM 1e-3;:SOUR:VOLT -1;:OUTP ON")
    assert desk(':READ? "defbuffer1",READ,STAT') == "-9.900000E+37,2"


def test_auto_range_never_overflows(desk) -> None:
    desk(":SOUR:VOLT:ILIM 1e-3;:SOUR:VOLT -1;:OUTP ON")
    assert desk(":READ?;:SENS:CURR:RANG?") == "-1.000000E-06;1.000000E-06"


def test_clamped_source_reads_back_its_true_voltage_and_says_so(desk) -> None:
    desk(":SOUR:VOLT:ILIM 1e-6;:SOUR:VOLT 5;:OUTP ON")
    assert desk(":SOUR:VOLT:ILIM:TRIP?") == "1"
    assert desk(':READ? "defbuffer1",SOUR,READ,SOURSTAT') == "1.000000E+00,1.000000E-06,1"
    desk(":SOUR:VOLT:READ:BACK OFF")
    assert desk(':READ? "defbuffer1",SOUR') == "5.000000E+00"
    desk(":SOUR:VOLT 0.5")
    assert desk(":SOUR:VOLT:ILIM:TRIP?") == "0"


def test_noise_depends_on_range_and_time_only(make_desk: Callable, resistor: Callable) -> None:
    def readings(span: str) -> list[float]:
        desk = make_desk(resistor(resistance=1e12, noisy=True))
        desk(f":SENS:CURR:RANG {span};:SENS:CURR:AZER OFF;:SENS:CURR:NPLC 1;:OUTP ON")
        return [float(desk(":READ?")) for _ in range(200)]

    small, large = readings("1e-8"), readings("1e-6")
    assert small == readings("1e-8")
    assert 1e-12 < sum(v * v for v in large) ** 0.5 / 200**0.5 < 4e-12
    assert sum(v * v for v in small) < sum(v * v for v in large) / 100


def test_a_second_client_that_only_looks_on_costs_no_time(desk) -> None:
    on(desk)
    other, before = desk.client(), desk.timeline.now
    assert other(":SOUR:VOLT?;:TRIG:STAT?;:FORM ASC;*CLS;:DISP:CLE") == b"1.000000E+00;EMPTY;EMPTY;0"
    assert desk.timeline.now == before


# --- buffers


def fill(desk, count: int, name: str = "defbuffer1") -> None:
    for index in range(count):
        desk(f":SOUR:VOLT {index + 1}")
        desk(f':READ? "{name}"')


BUFFERS = """
> :TRAC:MAKE "ramp",5000;:TRAC:POIN? "ramp";:TRAC:FILL:MODE? "ramp";:TRAC:ACT? "ramp"
< 5000;ONCE;0
> :TRAC:FILL:MODE CONT,"ramp";:TRAC:FILL:MODE? "ramp";:TRAC:FILL:MODE? "defbuffer1"
< CONT;CONT
> :TRAC:POIN 100, "ramp";:TRAC:POIN? "ramp"
< 100
> :TRAC:TRIG "ramp";:TRAC:ACT? "ramp";:TRAC:ACT:STAR? "ramp";:TRAC:ACT:END? "ramp"
< 1;1;1
> :TRAC:CLE "ramp";:TRAC:ACT? "ramp"
< 0
> :TRAC:DEL "ramp";:TRAC:ACT? "ramp"
<
> :SYST:ERR:COUN?
< 1
"""


def test_buffers_are_made_filled_and_deleted(desk) -> None:
    desk.hold(BUFFERS)


def test_trace_data_gives_the_elements_asked_for(desk) -> None:
    on(desk)
    fill(desk, 3)
    assert desk(":TRAC:DATA? 1, 3") == "1.000000E-06,2.000000E-06,3.000000E-06"
    step = 0.02 + 130e-6 + 2 * 0.5e-3
    rows = f"2.000000E+00,2.000000E-06,{step:.6f},3.000000E+00,3.000000E-06,{2 * step:.6f}"
    assert desk(':TRAC:DATA? 2,3,"defbuffer1",SOUR,READ,REL') == rows
    assert desk(':TRAC:DATA? 1,1,"defBuffer1",DATE') == "01/01/2026"
    assert desk(':TRAC:DATA? 0,1,"defbuffer1"') == ""
    assert desk(':TRAC:DATA? 1,4,"defbuffer1"') == ""
    assert [desk(":SYST:ERR?")[:4] for _ in range(2)] == ["-222", "-222"]


@pytest.mark.parametrize(
    ("form", "order", "code"),
    [("REAL", "SWAP", "<6d"), ("REAL", "NORM", ">6d"), ("SRE", "SWAP", "<6f"), ("SRE", "NORM", ">6f")],
)
def test_binary_blocks_hold_the_same_numbers(desk, form: str, order: str, code: str) -> None:
    on(desk)
    fill(desk, 3)
    desk(f":FORM:DATA {form};:FORM:BORD {order}")
    block = desk.raw(':TRAC:DATA? 1,3,"defbuffer1",SOUR,READ')
    assert block[:2] == b"#0"
    assert struct.unpack(code, block[2:]) == pytest.approx([1, 1e-6, 2, 2e-6, 3, 3e-6])


def test_statistics_are_those_of_the_readings(desk) -> None:
    on(desk)
    fill(desk, 3)
    assert desk(":TRAC:STAT:AVER?;:TRAC:STAT:MAX?;:TRAC:STAT:MIN?;:TRAC:STAT:STDD?") == (
        "2.000000E-06;3.000000E-06;1.000000E-06;1.000000E-06"
    )


@pytest.mark.parametrize(
    ("mode", "first", "errors"),
    [
        pytest.param("ONCE", 1, "1", id="once keeps the oldest"),
        pytest.param("CONT", 3, "0", id="round keeps the newest"),
    ],
)
def test_a_full_buffer_keeps_what_its_fill_mode_says(desk, mode: str, first: int, errors: str) -> None:
    on(desk)
    desk(f':TRAC:MAKE "small",10;:TRAC:FILL:MODE {mode},"small"')
    fill(desk, 12, "small")
    assert desk(':TRAC:ACT? "small"') == "10"
    assert float(desk(':TRAC:DATA? 1,1,"small",SOUR')) == pytest.approx(first)
    assert desk(":SYST:ERR:COUN?") == errors
