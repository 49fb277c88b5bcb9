"""What goes over the wire to a 2450, byte for byte."""

import struct
from dataclasses import replace

import numpy as np
import pytest
from pymeasure.test import expected_protocol

from drivers.keithley2450 import Keithley2450, Options
from nanoprobe.errors import BadInput, InstrumentError, SourceFault, Unreachable
from nanoprobe.roles import OnTrip, RampPlan, Reading, TripWay

NO_ERROR = (":SYST:ERR?", '0,"No error;0;0 0"')
TAKE_OVER = [
    ("*RST", None),
    ("*OPC?", "1"),
    (":ROUT:TERM FRON;*CLS", None),
    (
        ':SOUR:FUNC VOLT;:SENS:FUNC "CURR";:SENS:CURR:NPLC 0.1;:SENS:CURR:AZER OFF;:OUTP:VOLT:SMOD NORM;'
        ":SOUR:VOLT:RANG 20;:SOUR:VOLT:DEL 0;:FORM:DATA ASC;:FORM:BORD SWAP",
        None,
    ),
    NO_ERROR,
]
TEN_NANOAMPERES = [(":SENS:CURR:RANG 1e-08;:SOUR:VOLT:ILIM 1e-08;:SOUR:VOLT:DEL 0", None), NO_ERROR]
OFF = [(":OUTP OFF", None), (":ABOR;:OUTP OFF", None)]
PLAN = RampPlan(start=0, stop=0.02, rate=0.5, sample_interval=0.02, trip_current=1e-9, compliance=1e-8, hold=0.02)
OPTIONS = Options(poll_interval=0)


def block(*readings):
    """A binary answer: voltage, current, time of each reading."""
    return b"#0" + b"".join(struct.pack("<3d", *reading) for reading in readings) + b"\n"


def fetch(first, last, *readings):
    command = f':FORM:DATA REAL;:TRAC:DATA? {first},{last},"nanoprobe",SOUR,READ,REL'
    return [(command, block(*readings)), (":FORM:DATA ASC", None)]


def model(count, delay, output, tripped=(":TRIG:BLOC:SOUR:STAT 14,OFF", ':TRIG:BLOC:MEAS 15,"nanoprobe"')):
    return [
        (
            f':TRIG:LOAD "EMPTY";:TRIG:BLOC:BUFF:CLE 1,"nanoprobe";:TRIG:BLOC:CONF:REC 2,"nanoprobe";'
            f':TRIG:BLOC:SOUR:STAT 3,{output};:TRIG:BLOC:DEL:CONS 4,{delay};:TRIG:BLOC:MEAS 5,"nanoprobe";'
            f":TRIG:BLOC:BRAN:LIM:CONS 6,OUT,-1e-09,1e-09,14,5;:TRIG:BLOC:BRAN:EVEN 7,SLIM,14;"
            f':TRIG:BLOC:CONF:NEXT 8,"nanoprobe";:TRIG:BLOC:BRAN:COUN 9,{count},4;:TRIG:BLOC:SOUR:STAT 10,OFF;'
            f':TRIG:BLOC:MEAS 11,"nanoprobe";:TRIG:BLOC:MEAS 12,"nanoprobe";:TRIG:BLOC:BRAN:ALW 13,16;'
            f"{tripped[0]};{tripped[1]};:TRIG:BLOC:SOUR:STAT 16,OFF",
            None,
        ),
        NO_ERROR,
    ]


def running(block):
    return [(":TRIG:STAT?", f"RUNNING;RUNNING;{block}")]


def ended(readings, state="IDLE", output=0):
    return [(":TRIG:STAT?", f"{state};{state};16"), (':TRAC:ACT? "nanoprobe";:OUTP?', f"{readings};{output}")]


START = (':TRAC:CLE "nanoprobe";:INIT', None)
TRIAL = [(0.0, 0.0, 0.0125 * turn) for turn in range(8)]
LEVELS = [
    (':TRAC:MAKE "nanoprobe",5004;:SOUR:VOLT:DEL 0', None),
    (
        ':SOUR:CONF:LIST:CRE "nanoprobe";:SOUR:VOLT 0;:SOUR:CONF:LIST:STOR "nanoprobe";:SOUR:VOLT 0.01;'
        ':SOUR:CONF:LIST:STOR "nanoprobe";:SOUR:VOLT 0.02;:SOUR:CONF:LIST:STOR "nanoprobe";:SOUR:VOLT 0.02;'
        ':SOUR:CONF:LIST:STOR "nanoprobe";:SOUR:VOLT 0',
        None,
    ),
    (":SENS:AZER:ONCE", None),
    NO_ERROR,
]
PREPARE = [
    *TAKE_OVER,
    *TEN_NANOAMPERES,
    *LEVELS,
    *model(8, "0.01", "OFF"),
    START,
    *ended(10),
    *fetch(1, 8, *TRIAL),
    *model(4, "0.0175", "ON"),
    (":TRIG:STAT?", "BUILDING;BUILDING;0"),
]


def test_identity_asks_model_and_language():
    with expected_protocol(
        Keithley2450, [("*IDN?", "KEITHLEY INSTRUMENTS,MODEL 2450,1,1.7"), ("*LANG?", "SCPI")], options=OPTIONS
    ) as meter:
        assert meter.identify() == "KEITHLEY INSTRUMENTS,MODEL 2450,1,1.7"


@pytest.mark.parametrize(
    ("conversation", "message"),
    [
        pytest.param(
            [("*IDN?", "KEITHLEY,MODEL 2400,1,C30")], "expected a Keithley 2450 but 'KEITHLEY,MODEL 2400", id="model"
        ),
        pytest.param(
            [("*IDN?", "KEITHLEY,MODEL 2450,1,1"), ("*LANG?", "TSP")], "speaks TSP, not SCPI; choose", id="language"
        ),
    ],
)
def test_another_instrument_is_refused(conversation, message):
    with (
        expected_protocol(Keithley2450, conversation, options=OPTIONS) as meter,
        pytest.raises(Unreachable, match=message),
    ):
        meter.identify()


def test_off_sends_output_off_before_anything_else_and_asks_nothing():
    with expected_protocol(Keithley2450, OFF, options=OPTIONS) as meter:
        meter.off()


def test_hard_limits_are_programmed_and_read_back():
    conversation = [
        *TAKE_OVER,
        (":SOUR:VOLT:PROT PROT20", None),
        (":SENS:CURR:RANG 1e-06;:SOUR:VOLT:ILIM 1e-06;:SOUR:VOLT:DEL 0", None),
        NO_ERROR,
        (":SOUR:VOLT:PROT?", "PROT20"),
        (":SOUR:VOLT:ILIM?", "1.000000E-06"),
    ]
    with expected_protocol(Keithley2450, conversation, options=OPTIONS) as meter:
        meter.program_limits(bias=10, current=1e-6)


def test_limit_that_did_not_take_is_an_error():
    conversation = [
        *TAKE_OVER,
        (":SOUR:VOLT:PROT PROT20", None),
        (":SENS:CURR:RANG 1e-06;:SOUR:VOLT:ILIM 1e-06;:SOUR:VOLT:DEL 0", None),
        NO_ERROR,
        (":SOUR:VOLT:PROT?", "NONE"),
    ]
    with (
        expected_protocol(Keithley2450, conversation, options=OPTIONS) as meter,
        pytest.raises(InstrumentError, match="overvoltage protection reads NONE after it was set to PROT20"),
    ):
        meter.program_limits(bias=10, current=1e-6)


def test_error_queue_is_read_to_its_end_and_raised():
    conversation = [
        (":SYST:ERR?", '-222,"Parameter data out of range;1;2026"'),
        (":SYST:ERR?", '-113,"Undefined header;1;2026"'),
        NO_ERROR,
    ]
    with (
        expected_protocol(Keithley2450, conversation, options=OPTIONS) as meter,
        pytest.raises(InstrumentError, match=r"refuses: -222.*; -113"),
    ):
        meter.check_errors()


def test_hold_sets_level_before_output_on():
    conversation = [*TAKE_OVER, *TEN_NANOAMPERES, (":SOUR:VOLT:DEL 0;:SOUR:VOLT 0.05;:OUTP ON", None), NO_ERROR]
    with expected_protocol(Keithley2450, conversation, options=OPTIONS) as meter:
        meter.hold(0.05, 1e-8)


@pytest.mark.parametrize(
    ("answer", "current"),
    [pytest.param("5E-02,1E-10", 1e-10, id="a number"), pytest.param("5E-02,9.9E37", None, id="beyond")],
)
def test_reading(answer, current):
    with expected_protocol(Keithley2450, [(':READ? "defbuffer1",SOUR,READ', answer)], options=OPTIONS) as meter:
        reading = meter.read()
    assert reading.voltage == 0.05
    assert reading.current == current or (current is None and np.isnan(reading.current))


def test_many_readings_come_in_one_block():
    conversation = [
        (':TRAC:CLE "defbuffer1";:SENS:COUN 2', None),
        (':READ? "defbuffer1",SOUR,READ', "0,0"),
        (":SENS:COUN 1", None),
        (':FORM:DATA REAL;:TRAC:DATA? 1,2,"defbuffer1",SOUR,READ,REL', block((0.1, 1e-9, 0), (0.1, 2e-9, 1))),
        (":FORM:DATA ASC", None),
    ]
    with expected_protocol(Keithley2450, conversation, options=OPTIONS) as meter:
        assert meter.read_many(2) == [Reading(0.1, 1e-9), Reading(0.1, 2e-9)]


def test_program_is_loaded_timed_with_the_output_off_and_corrected():
    with expected_protocol(Keithley2450, PREPARE, options=OPTIONS) as meter:
        meter.prepare(PLAN, TripWay.SOURCE_METER)  # a turn took 12.5 ms with 10 ms of delay, so 17.5 ms make 20 ms


def run_after_prepare(conversation):
    handed = []
    with expected_protocol(Keithley2450, [*PREPARE, *conversation], options=OPTIONS) as meter:
        meter.prepare(PLAN, TripWay.SOURCE_METER)
        record = meter.ramp(PLAN, TripWay.SOURCE_METER, lambda: None, lambda *arrays: handed.append(arrays))
    return record, np.concatenate([arrays[0] for arrays in handed])


def test_ramp_that_trips_is_told_by_its_number_of_readings_and_timed_to_the_reading_after_off():
    readings = [(0, 1e-13, 0), (0.01, 2e-9, 0.02), (0, 1e-14, 0.0225)]
    record, handed = run_after_prepare([START, *running(5), *ended(3), *fetch(1, 3, *readings), *OFF, NO_ERROR])
    assert (record.tripped, record.way, record.return_from) == (True, TripWay.SOURCE_METER, None)
    assert record.trip_latency == pytest.approx(0.0025)
    np.testing.assert_array_equal(record.current, [1e-13, 2e-9])
    np.testing.assert_array_equal(handed, record.time)


@pytest.mark.parametrize(
    ("readings", "switched", "message"),
    [
        pytest.param(
            [(0, 1e-13, 0), (0, 1e-13, 0.02), (0, 0, 0.04), *[(0, 0, 0.06)] * 3],
            OFF,
            r"Keithley 2450: its output read 0 V in a ramp where 100 mV was set \(sample 1 of 4\): it went off by itself",
            id="output off by itself",
        ),
        pytest.param(
            [(0, 1e-13, 0), (0.1, 9.9e37, 0.02), (0, 9.9e37, 0.0225)],
            [*OFF, *OFF],
            "reads a current beyond its range although its output is off: it is overloaded",
            id="overload",
        ),
    ],
)
def test_a_ramp_that_was_none_is_a_fault_and_its_samples_are_handed_on(readings, switched, message):
    plan, handed = replace(PLAN, stop=0.2, rate=5, hold=0.02), []
    count = len(readings)
    conversation = [START, *ended(count), *fetch(1, count, *readings), *switched]
    prepare = [
        (str(sent).replace("VOLT 0.01;", "VOLT 0.1;").replace("VOLT 0.02;", "VOLT 0.2;"), got) for sent, got in PREPARE
    ]
    with expected_protocol(Keithley2450, [*prepare, *conversation], options=OPTIONS) as meter:
        meter.prepare(plan, TripWay.SOURCE_METER)
        with pytest.raises(SourceFault, match=message):
            meter.ramp(plan, TripWay.SOURCE_METER, lambda: None, lambda *arrays: handed.append(arrays))
    assert sum(len(arrays[0]) for arrays in handed) == count


def test_an_error_that_came_during_a_ramp_is_a_fault():
    readings = [(0, 1e-13, 0), (0.01, 2e-9, 0.02), (0, 1e-14, 0.0225)]
    error = (":SYST:ERR?", '5076,"Interlock open;1;2026"')
    with pytest.raises(SourceFault, match=r"refuses: 5076.* \(after a ramp\)"):
        run_after_prepare([START, *ended(3), *fetch(1, 3, *readings), *OFF, error, NO_ERROR, *OFF])


def test_ramp_that_trips_at_its_last_sample_is_not_taken_for_an_untripped_one():
    readings = [(0, 0, 0), (0.01, 0, 0.02), (0.02, 0, 0.04), (0.02, 2e-9, 0.06), (0, 0, 0.0625)]
    record, _ = run_after_prepare([START, *ended(5), *fetch(1, 5, *readings), *OFF, NO_ERROR])
    assert (record.tripped, len(record.time)) == (True, 4)


def test_ramp_to_the_end_leaves_out_the_two_readings_after_off():
    readings = [(0, 0, 0), (0.01, 0, 0.02), (0.02, 0, 0.04), (0.02, 0, 0.06), (0, 0, 0.0625), (0, 0, 0.065)]
    record, _ = run_after_prepare([START, *ended(6), *fetch(1, 6, *readings), *OFF, NO_ERROR])
    assert (record.tripped, len(record.time)) == (False, 4)
    assert np.isnan(record.trip_latency)


def test_second_ramp_of_the_same_plan_asks_one_question_before_it_starts():
    readings = [(0, 2e-9, 0), (0, 0, 0.0025)]
    one = [START, *ended(2), *fetch(1, 2, *readings), *OFF, NO_ERROR]
    with expected_protocol(
        Keithley2450, [*PREPARE, *one, (":TRIG:STAT?", "IDLE;IDLE;16"), *one], options=OPTIONS
    ) as meter:
        for _ in range(2):
            meter.prepare(PLAN, TripWay.SOURCE_METER)
            meter.ramp(PLAN, TripWay.SOURCE_METER, lambda: None, lambda *_: None)


def test_abort_in_a_running_ramp_switches_off_first():
    class Stop(Exception):
        pass

    def watch():
        raise Stop

    with expected_protocol(Keithley2450, [*PREPARE, START, *OFF], options=OPTIONS) as meter:
        meter.prepare(PLAN, TripWay.SOURCE_METER)
        with pytest.raises(Stop):
            meter.ramp(PLAN, TripWay.SOURCE_METER, watch, lambda *_: None)


def test_model_stopped_at_the_panel_is_an_error_with_the_output_off():
    conversation = [*PREPARE, START, *ended(1, "ABORTED", 1), NO_ERROR, *OFF]
    with expected_protocol(Keithley2450, conversation, options=OPTIONS) as meter:
        meter.prepare(PLAN, TripWay.SOURCE_METER)
        with pytest.raises(InstrumentError, match="its trigger model is ABORTED; was it stopped at the panel"):
            meter.ramp(PLAN, TripWay.SOURCE_METER, lambda: None, lambda *_: None)


def test_interval_shorter_than_a_turn_is_refused_with_what_to_change():
    slow = [(0.0, 0.0, 0.05 * turn) for turn in range(8)]
    conversation = [*PREPARE[:-4], (":FORM:DATA ASC", None)]
    start = conversation.index(START)
    conversation = [*conversation[: start + 1], *ended(10), *fetch(1, 8, *slow)]
    with (
        expected_protocol(Keithley2450, conversation, options=OPTIONS) as meter,
        pytest.raises(BadInput, match=r"a sample every 20 ms is too fast: at 0\.1 NPLC one takes 40 ms; ask for fewer"),
    ):
        meter.prepare(PLAN, TripWay.SOURCE_METER)


def test_model_for_the_way_back_waits_at_the_trip_level_and_switches_off_by_itself():
    from dataclasses import replace

    from drivers.keithley2450_program import Program, trigger_model

    commands = list(trigger_model(Program(replace(PLAN, on_trip=OnTrip.RETURN), 4, 0.01)))
    assert commands[-3:] == [":TRIG:BLOC:DEL:CONS 14,1", ":TRIG:BLOC:SOUR:STAT 15,OFF", ":TRIG:BLOC:SOUR:STAT 16,OFF"]


@pytest.mark.parametrize(
    ("compliance", "trip", "message"),
    [
        pytest.param(
            0.5e-9, 1e-10, "a compliance of 500 pA cannot be set; on the 10 nA range it starts at 1 nA", id="low"
        ),
        pytest.param(
            1e-6,
            1e-10,
            "trip current of 100 pA is below the floor of the 1 µA range .* lower the",
            id="floor",
        ),
        pytest.param(2.0, 1e-3, "no current range holds 2 A", id="high"),
    ],
)
def test_currents_the_instrument_cannot_do_are_refused(compliance, trip, message):
    from drivers.keithley2450_ranges import current_range

    with pytest.raises(BadInput, match=message):
        current_range(compliance, trip)
