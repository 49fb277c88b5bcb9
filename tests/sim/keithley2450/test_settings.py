"""Settings, errors and status of the simulated 2450, as wire transcripts."""

from collections.abc import Callable

import pytest

DEFAULTS = """
> *RST;*CLS
> *IDN?
< KEITHLEY INSTRUMENTS,MODEL 2450,04500001,1.7.12b
> *LANG?
< SCPI
> :SOUR:FUNC?;:SENS:FUNC?
< VOLT;"CURR:DC"
> :SOUR:VOLT?;:SOUR:VOLT:ILIM?;:OUTP?
< 0.000000E+00;1.050000E-04;0
> :SOUR:VOLT:DEL:AUTO?;:SOUR:VOLT:READ:BACK?;:SENS:CURR:AZER?;:SENS:CURR:NPLC?
< 1;1;1;1.000000E+00
> :ROUT:TERM?;:OUTP:VOLT:SMOD?;:FORM:DATA?;:FORM:BORD?
< FRON;NORM;ASC;SWAP
> :TRIG:STAT?
< EMPTY;EMPTY;0
> :SYST:ERR?
< 0,"No error;0;0 0"
"""
SPELLINGS = """
> :SOURCE1:VOLTAGE:LEVEL:IMMEDIATE:AMPLITUDE 1.5;:sour:volt?
< 1.500000E+00
> sens:func 'VOLT';:SENSe:FUNCtion:ON?
< "VOLT:DC"
> :SENS:FUNC "CURR:DC";:SENS:FUNC?
< "CURR:DC"
> OUTPUT ON;OUTPUT?
< 1
> :SOUR:VOLT:RANG:AUTO 0;:SOUR:VOLT:RANG 2;:SOUR:VOLT:RANG?
< 2.000000E+00
> :CURR:RANG:AUTO ON;:CURR:RANG:AUTO?
< 1
> :SENS:CURR:RANG 3e-7;:SENS:CURR:RANG?;:SENS:CURR:RANG:AUTO?
< 1.000000E-06;0
> :SOUR:VOLT:DEL 0.25;:SOUR:VOLT:DEL?;:SOUR:VOLT:DEL:AUTO?
< 2.500000E-01;0
> :SOUR:VOLT:DEL:USER3 0.5;:SENS:CURR:DEL:USER2 1.5;:SOUR:VOLT:DEL:USER3?;:SENS:CURR:DEL:USER2?
< 5.000000E-01;1.500000E+00
> :SOUR:VOLT:PROT PROT20;:SOUR:VOLT:PROT?;:SOUR:VOLT:PROT:TRIP?
< PROT20;0
> :DISP:SCR SWIPE_GRAPh;:DISP:CURR:DIG 6;:SYST:BEEP 440, 0.1;:SYST:ERR:COUN?
< 0
> :SOUR:VOLT? MAX
< 2.100000E+02
"""


@pytest.mark.parametrize("transcript", [pytest.param(DEFAULTS, id="defaults"), pytest.param(SPELLINGS, id="spellings")])
def test_settings_answer_as_the_manual_says(desk, transcript: str) -> None:
    desk.hold(transcript)


@pytest.mark.parametrize(
    ("line", "code", "bit"),
    [
        pytest.param(":SOUR:VOLX 1", -113, 32, id="undefined header"),
        pytest.param(":TRIG:STAT", -113, 32, id="query without its mark"),
        pytest.param(":SOUR2:VOLT 1", -114, 32, id="suffix"),
        pytest.param(":SOUR:VOLT", -109, 32, id="missing parameter"),
        pytest.param(":SOUR:VOLT abc", -104, 32, id="no number"),
        pytest.param(":SOUR:VOLT 500", -222, 16, id="beyond 210 V"),
        pytest.param(":SOUR:VOLT:RANG 2;:SOUR:VOLT 5", -222, 16, id="beyond a fixed range"),
        pytest.param(':SOUR:VOLT? "defbuffer1"', -224, 16, id="a buffer where DEF, MIN or MAX is meant"),
        pytest.param(":SOUR:SWE:VOLT:LIN MIN, 0, 2", -222, 16, id="the least of a number without bounds"),
        pytest.param(":SOUR:VOLT:ILIM 2", -222, 16, id="limit beyond 1.05 A"),
        pytest.param(":SENS:CURR:RANG 1e-3;:SOUR:VOLT:ILIM 1e-6", -221, 16, id="limit below 10 % of the range"),
        pytest.param(":SENS:CURR:NPLC 11", -222, 16, id="too many cycles"),
        pytest.param(":OUTP:VOLT:SMOD OPEN", -224, 16, id="no such off state"),
        pytest.param(":TRAC:CLE 'none'", -224, 16, id="no such buffer"),
        pytest.param(":INIT", -221, 16, id="empty trigger model"),
        pytest.param(":FETC?", -230, 16, id="nothing to fetch"),
        pytest.param(":FORM REAL;:READ? 'defbuffer1', TIME", 1133, 8, id="text element in binary"),
        pytest.param(":TRIG:LOAD 'NoSuch'", -224, 16, id="no such template"),
        pytest.param(":TRIG:BLOC:CONF:NEXT 1, 'none'", -224, 16, id="no such configuration list"),
        pytest.param(":TRIG:BLOC:WAIT 1, DIG7", -222, 16, id="no such line"),
        pytest.param("*LANG TSP", -224, 16, id="another command set"),
    ],
)
def test_a_wrong_command_goes_into_the_queue_and_has_no_effect(desk, line: str, code: int, bit: int) -> None:
    desk("*CLS;*ESE 255")
    assert desk(line) == ""
    assert desk("*STB?") == str(4 | 32)
    assert desk(":SYST:ERR:COUN?") == "1"
    assert desk(":SYST:ERR?").startswith(f'{code},"')
    assert desk("*ESR?") == str(bit)
    assert desk(":SOUR:VOLT?;:SOUR:VOLT:ILIM?") == "0.000000E+00;1.050000E-04"


def test_errors_come_oldest_first_and_cls_drops_them(desk) -> None:
    desk(":FOO")
    desk(":SOUR:VOLT 500")
    assert desk(":SYST:ERR?").startswith('-113,"Undefined header (FOO);1;2026/01/01 ')
    assert desk("*CLS;:SYST:ERR?").startswith("0,")


def test_one_bad_unit_does_not_stop_the_rest_of_the_line(desk) -> None:
    assert desk(":FOO?;:SOUR:FUNC?") == "VOLT"


def test_interlock_open_keeps_high_voltage_off(make_desk: Callable) -> None:
    desk = make_desk(interlock_closed=False)
    assert desk(":OUTP:INT:TRIP?") == "0"
    desk(":SOUR:VOLT 30;:OUTP ON")
    assert desk(":SYST:ERR?").startswith("-221,")
    assert desk(":OUTP?") == "0"
    desk(":SOUR:VOLT 20;:OUTP ON")
    assert desk(":OUTP?") == "1"
    desk(":SOUR:VOLT 30")
    assert desk.world.volts == 20


@pytest.mark.parametrize(
    ("state", "volts", "compliance"),
    [
        pytest.param("NORM", 0.0, 1e-7, id="normal: 0 V, 10 % of the range"),
        pytest.param("HIMP", None, None, id="high impedance: relay open"),
        pytest.param("ZERO", 0.0, 1e-4, id="zero: 0 V at the limit set"),
        pytest.param("GUAR", 0.0, 1e-7, id="guard stays a voltage source"),
    ],
)
def test_output_off_state_decides_what_stands_at_the_terminals(desk, state: str, volts, compliance) -> None:
    desk(f":SENS:CURR:RANG 1e-6;:SOUR:VOLT:ILIM 1e-4;:SOUR:VOLT 3;:OUTP:VOLT:SMOD {state};:OUTP ON")
    assert desk.world.volts == 3
    desk(":OUTP OFF")
    assert desk.world.volts == volts
    assert compliance is None or desk.world.compliance == pytest.approx(compliance)


def test_overvoltage_protection_holds_the_output_back(desk) -> None:
    desk(":SOUR:VOLT:PROT PROT5;:SOUR:VOLT -8;:OUTP ON")
    assert desk.world.volts == -5
    assert desk(":SOUR:VOLT:PROT:TRIP?") == "1"


def test_current_source_stands_at_its_voltage_limit_when_the_load_is_too_large(make_desk, resistor) -> None:
    desk = make_desk(resistor(resistance=1e6))
    desk(":SOUR:FUNC CURR;:SOUR:CURR 1e-6;:SOUR:CURR:VLIM 2;:SENS:FUNC 'VOLT';:OUTP ON")
    assert float(desk(":READ?")) == pytest.approx(1.0)
    assert desk(":SOUR:CURR:VLIM:TRIP?") == "0"
    desk(":SOUR:CURR 5e-6")
    assert float(desk(":READ?")) == pytest.approx(2.0)
    assert desk(":SOUR:CURR:VLIM:TRIP?") == "1"


def test_changing_the_source_function_turns_the_output_off(desk) -> None:
    desk(":OUTP ON;:SOUR:FUNC CURR")
    assert desk(":OUTP?") == "0"


def test_saved_settings_come_back(desk) -> None:
    desk(":SOUR:VOLT 2;:SENS:CURR:NPLC 5;*SAV 1;*RST;*RCL 1")
    assert desk(":SOUR:VOLT?;:SENS:CURR:NPLC?") == "2.000000E+00;5.000000E+00"
