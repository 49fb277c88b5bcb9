"""The trigger model of the simulated 2450: ramps, blocks, templates, events and overlapped running."""

from collections.abc import Callable

import pytest

RAMP = """
    *RST
    :ROUT:TERM REAR
    :SENS:FUNC "CURR"
    :SENS:CURR:RANG 1e-6
    :SENS:CURR:NPLC 0.1
    :SENS:CURR:AZER OFF
    :SENS:AZER:ONCE
    :SOUR:FUNC VOLT
    :SOUR:VOLT:RANG 20
    :SOUR:VOLT:ILIM 1e-6
    :SOUR:VOLT:DEL 0
    :OUTP:VOLT:SMOD HIMP
    :TRAC:MAKE "ramp",5000
    :SOUR:CONF:LIST:CRE "rampV"
    {points}
    :SOUR:VOLT 0
    :TRIG:LOAD "EMPTY"
    :TRIG:BLOC:BUFF:CLE 1,"ramp"
    :TRIG:BLOC:CONF:REC 2,"rampV"
    :TRIG:BLOC:SOUR:STAT 3,ON
    :TRIG:BLOC:DEL:CONS 4,0.01
    :TRIG:BLOC:MEAS 5,"ramp"
    :TRIG:BLOC:BRAN:LIM:CONS 6,OUT,-5e-7,5e-7,11,5
    :TRIG:BLOC:BRAN:EVEN 7,SLIM,11
    :TRIG:BLOC:CONF:NEXT 8,"rampV"
    :TRIG:BLOC:BRAN:COUN 9,{count},4
    :TRIG:BLOC:BRAN:ALW 10,13
    :TRIG:BLOC:SOUR:STAT 11,OFF
    :TRIG:BLOC:NOT 12,1
    :TRIG:BLOC:SOUR:STAT 13,OFF
    :DIG:LINE1:MODE TRIG,OUT
    :TRIG:DIG1:OUT:STIM NOT1"""


def set_up_ramp(desk, count: int = 20, step: float = 0.1) -> None:
    store = '\n:SOUR:CONF:LIST:STOR "rampV"\n'
    points = store.join(f":SOUR:VOLT {index * step}" for index in range(count)) + store
    desk.tell(RAMP.format(points=points, count=count))


def run(desk) -> None:
    desk(":INIT")
    assert desk("*OPC?") == "1"
    assert desk(":SYST:ERR?").startswith("0,")


def count(desk, buffer: str = "defbuffer1") -> int:
    return int(desk(f':TRAC:ACT? "{buffer}"'))


def test_ramp_without_trip_takes_every_point_and_ends_with_the_output_off(make_desk, resistor) -> None:
    desk = make_desk(resistor(resistance=1e9))
    set_up_ramp(desk)
    run(desk)
    assert count(desk, "ramp") == 20
    assert desk(":TRIG:STAT?;:OUTP?") == "IDLE;IDLE;13;0"
    assert desk.sim.instrument.digital.line(1).pulses == 0
    assert desk.world.volts is None


def test_ramp_stops_at_the_trip_level_and_pulses_the_line(make_desk, resistor) -> None:
    desk = make_desk(resistor(resistance=1e9, trigger=1.0))
    set_up_ramp(desk)
    run(desk)
    assert count(desk, "ramp") == 11
    assert float(desk(':TRAC:DATA? 11,11,"ramp",READ')) == pytest.approx(1e-6)
    assert float(desk(':TRAC:DATA? 10,10,"ramp",SOUR')) == pytest.approx(0.9)
    assert desk(":OUTP?") == "0"
    assert desk.sim.instrument.digital.line(1).pulses == 1


def test_output_is_off_as_soon_as_the_trip_is_measured(make_desk, resistor) -> None:
    desk = make_desk(resistor(resistance=1e9, trigger=1.0))
    set_up_ramp(desk)
    run(desk)
    tripped = next(t for t, volts, _ in desk.world.settings if volts == 1.0 and t > 0.02)
    off = next(t for t, volts, _ in desk.world.settings if volts is None and t > tripped)
    assert off - tripped == pytest.approx(0.01 + 250e-6 + 2e-3 + 130e-6)


def test_model_runs_again_from_its_first_block(make_desk, resistor) -> None:
    desk = make_desk(resistor(resistance=1e9))
    set_up_ramp(desk)
    run(desk)
    first = desk(':TRAC:DATA? 1,20,"ramp",SOUR,READ,REL')
    run(desk)
    assert desk(':TRAC:DATA? 1,20,"ramp",SOUR,READ,REL') == first


def test_same_commands_give_the_same_bytes_whoever_looks_on(make_desk, resistor) -> None:
    def ramp(watched: bool) -> str:
        desk = make_desk(resistor(resistance=1e8, noisy=True))
        other = desk.client()
        set_up_ramp(desk)
        desk(":INIT")
        while watched and b"RUNNING" in other(':TRIG:STAT?;:TRAC:ACT? "ramp"'):
            desk(":TRIG:STAT?")
        desk("*WAI")
        return desk(':TRAC:DATA? 1,20,"ramp",SOUR,READ,REL')

    assert ramp(watched=True) == ramp(watched=False)


def test_commands_are_taken_while_the_model_runs(make_desk, resistor) -> None:
    desk = make_desk(resistor(resistance=1e9))
    set_up_ramp(desk, 100)
    desk("*CLS;*OPC;:INIT")
    assert desk("*ESR?") == "1"
    desk("*OPC")
    assert desk(":TRIG:STAT?") == "RUNNING;RUNNING;5"
    assert 0 < count(desk, "ramp") < 100
    desk(":INIT")
    assert desk(":SYST:ERR?").startswith("-213,")
    assert desk("*ESR?") == "16"
    desk("*WAI")
    assert desk("*ESR?;:TRIG:STAT?") == "1;IDLE;IDLE;13"


def test_polling_a_running_model_costs_half_a_second_or_what_is_left_of_it(make_desk, resistor) -> None:
    desk = make_desk(resistor(resistance=1e9))
    set_up_ramp(desk, 60)
    desk(":INIT")
    before = desk.timeline.now
    desk(":TRIG:STAT?")
    assert desk.timeline.now - before == pytest.approx(0.5005)
    while "RUNNING" in desk(":TRIG:STAT?"):
        pass
    after_end, before = desk.timeline.now, desk.timeline.now
    desk(":TRIG:STAT?")
    assert desk.timeline.now - before == pytest.approx(0.5e-3)
    assert after_end < 1.2


def test_abort_leaves_the_output_as_it_was(make_desk, resistor) -> None:
    desk = make_desk(resistor(resistance=1e9))
    set_up_ramp(desk, 100)
    desk(":INIT")
    desk(":TRIG:STAT?")
    assert desk(":ABOR;:TRIG:STAT?") == "ABORTED;ABORTED;5"
    assert desk(":OUTP?") == "1"
    assert desk.world.volts > 0
    desk(":OUTP OFF")
    assert desk.world.volts is None


# --- blocks


@pytest.mark.parametrize(
    ("model", "readings"),
    [
        pytest.param("MEAS 2;BRAN:COUN 3,5,2", 5, id="counter"),
        pytest.param("MEAS 2;BRAN:COUN 3,5,2;DEL:CONS 4,1;BRAN:COUN 5,3,2", 15, id="nested counters"),
        pytest.param('MEAS 2,"defbuffer1",7', 7, id="measure count"),
        pytest.param("MDIG 2;BRAN:ONCE 3,2;NOP 4", 2, id="once"),
        pytest.param("BRAN:ONCE:EXCL 2,4;BRAN:ALW 3,5;BRAN:ALW 4,7;MEAS 5;BRAN:ALW 6,2;NOP 7", 1, id="once excluded"),
        pytest.param("MEAS 2;BRAN:LIM:CONS 3,ABOV,0,5e-7,5;MEAS 4;NOP 5", 1, id="above"),
        pytest.param("MEAS 2;BRAN:LIM:CONS 3,BEL,5e-7,0,5,0;MEAS 4;NOP 5", 2, id="not below"),
        pytest.param("MEAS 2;BRAN:LIM:CONS 3,INside,5e-7,5e-6,5,2;MEAS 4;NOP 5", 1, id="inside"),
        pytest.param("MEAS 2;BRAN:LIM:DYN 3,OUT,LIM1,5,2;MEAS 4;NOP 5", 1, id="dynamic limit"),
        pytest.param("MEAS 2;MEAS 3;BRAN:DELT 4,1e-9,6,3;MEAS 5;NOP 6", 3, id="delta needs two readings of one block"),
        pytest.param("MEAS 2;BRAN:ALW 3,0;MEAS 4", 1, id="block 0 ends the model"),
        pytest.param("MEAS 2;MEAS 9", 2, id="missing blocks do nothing"),
        pytest.param("NOT 2,3;BRAN:EVEN 3,NOT3,5;MEAS 4;MEAS 5", 1, id="event"),
        pytest.param("WAIT 2,NOT1,ENT;MEAS 3", 0, id="wait that clears never ends"),
        pytest.param("NOT 2,1;NOT 3,2;WAIT 4,NOT1,NEV,AND,NOT2;MEAS 5", 1, id="wait for both"),
        pytest.param("NOT 2,1;WAIT 3,NOT1,NEV,OR,NOT2;MEAS 4", 1, id="wait for one"),
    ],
)
def test_blocks_do_what_the_manual_says(desk, model: str, readings: int) -> None:
    desk.tell(":CALC2:CURR:LIM1:LOW -1e-7;:CALC2:CURR:LIM1:UPP 1e-7")
    desk.tell(":SENS:CURR:RANG 1e-5;:SOUR:VOLT 1;:OUTP ON")
    desk.tell(':TRIG:LOAD "Empty";:TRIG:BLOC:BUFF:CLE 1')
    desk.tell("\n".join(f":TRIG:BLOC:{block}" for block in model.split(";")))
    desk(":INIT")
    while "RUNNING" in desk(":TRIG:STAT?"):
        pass
    assert count(desk) == readings


def test_delays_add_up(desk) -> None:
    desk.tell(":SOUR:VOLT:DEL:USER2 0.5;:SENS:CURR:DEL:USER1 0.25")
    desk.tell(":TRIG:BLOC:DEL:CONS 1,0.125;:TRIG:BLOC:DEL:DYN 2,SOUR2;:TRIG:BLOC:DEL:DYN 3,MEAS1")
    desk(":INIT")
    before = desk.timeline.now
    desk("*OPC?")
    assert desk.timeline.now - before == pytest.approx(0.875)


def test_endless_loop_lets_time_pass_and_can_be_aborted(desk) -> None:
    desk(":TRIG:BLOC:NOP 1;:TRIG:BLOC:BRAN:ALW 2,1;:INIT")
    assert desk(":TRIG:STAT?").startswith("RUNNING")
    assert desk(":ABOR;:TRIG:STAT?").startswith("ABORTED")


def test_model_that_compares_nothing_is_refused(desk) -> None:
    desk(":TRIG:BLOC:BRAN:LIM:CONS 1,ABOV,0,1,3,2;:INIT")
    assert desk(":SYST:ERR?").startswith("-224,")


def test_wait_shows_waiting_and_goes_on_with_the_bus_trigger(desk) -> None:
    desk.tell(":TRIG:BLOC:WAIT 1,COMM;:TRIG:BLOC:MEAS 2;:INIT")
    desk(":TRIG:STAT?")
    assert desk(":TRIG:STAT?") == "WAITING;WAITING;1"
    desk("*TRG;*WAI")
    assert count(desk) == 1


def test_digital_edge_lets_a_waiting_model_go_on(desk) -> None:
    desk.tell(":DIG:LINE2:MODE TRIG, IN;:TRIG:DIG2:IN:EDGE RIS;:TRIG:DIG2:IN:CLE")
    desk.tell(":TRIG:BLOC:WAIT 1, DIG2;:TRIG:BLOC:MEAS 2;:INIT")
    desk.sim.instrument.digital.drive(2, 0)
    assert desk(":TRIG:STAT?").startswith("WAITING")
    desk.sim.instrument.digital.drive(2, 1)
    assert desk("*OPC?;:TRAC:ACT?") == "1;1"


def test_timer_paces_the_readings(desk) -> None:
    desk.tell("""
        :SENS:CURR:AZER OFF
        TRIG:TIM4:DEL 0.5
        TRIG:TIM4:STAR:STIM NOT8
        TRIG:TIM4:STAR:GEN OFF
        TRIG:TIM4:COUN 5
        TRIG:TIM4:STAT ON
        TRIG:LOAD "Empty"
        TRIG:BLOC:BUFF:CLEAR 1, "defbuffer1"
        TRIG:BLOC:NOT 2, 8
        TRIG:BLOC:WAIT 3, TIM4
        TRIG:BLOC:MEAS 4, "defbuffer1"
        TRIG:BLOC:BRAN:COUN 5, 5, 3
        INIT""")
    assert desk("*OPC?;TRAC:ACT? 'defbuffer1'") == "1;5"
    times = [float(t) for t in desk(":TRAC:DATA? 1,5,'defbuffer1',REL").split(",")]
    assert times == pytest.approx([0, 0.5, 1.0, 1.5, 2.0])


def test_blender_fires_when_both_events_came(desk) -> None:
    desk.tell(":TRIG:BLEN1:MODE AND;:TRIG:BLEN1:STIM1 NOT1;:TRIG:BLEN1:STIM2 NOT2")
    desk.tell(":TRIG:BLOC:NOT 1,1;:TRIG:BLOC:BRAN:EVEN 2,BLEN1,5;:TRIG:BLOC:NOT 3,2;:TRIG:BLOC:BRAN:EVEN 4,BLEN1,6")
    desk.tell(":TRIG:BLOC:MEAS 5;:TRIG:BLOC:NOP 6;:INIT")
    assert desk("*OPC?;:TRAC:ACT?") == "1;0"


def test_digital_block_writes_the_masked_lines(desk) -> None:
    desk.tell(":DIG:LINE3:MODE DIG,OUT;:DIG:LINE4:MODE DIG,OUT;:DIG:LINE5:MODE DIG,OUT")
    desk.tell(":TRIG:BLOC:DIG:IO 1, 20, 60;:INIT")
    assert desk("*OPC?;:DIG:LINE3:STAT?;:DIG:LINE4:STAT?;:DIG:LINE5:STAT?") == "1;1;0;1"


# --- configuration lists


def test_configuration_lists_keep_settings_by_index(desk) -> None:
    desk.hold("""
        > :SOUR:CONF:LIST:CRE "l";:SOUR:VOLT 1;:SOUR:CONF:LIST:STOR "l";:SOUR:VOLT 2;:SOUR:CONF:LIST:STORE "l"
        > :SOUR:CONF:LIST:SIZE? "l"
        < 2
        > :SOUR:CONF:LIST:REC "l";:SOUR:VOLT?
        < 1.000000E+00
        > :SOUR:VOLT 7;:SOUR:CONF:LIST:STOR "l",2;:SOUR:VOLT 0;:SOUR:CONF:LIST:RECall "l",2;:SOUR:VOLT?
        < 7.000000E+00
        > :SOUR:CONF:LIST:CAT?;:SOUR:CONF:LIST:CAT?
        < "l";""
        > :SENS:CONF:LIST:CRE "m";:SENS:CURR:NPLC 5;:SENS:CONF:LIST:STOR "m";:SENS:CURR:NPLC 1;:SENS:CONF:LIST:REC "m"
        > :SENS:CURR:NPLC?
        < 5.000000E+00
        > :SOUR:CONF:LIST:DEL "l",1;:SOUR:CONF:LIST:SIZE? "l"
        < 1
        > :SOUR:CONF:LIST:DEL "l";:SYST:ERR:COUN?
        < 0""")


@pytest.mark.parametrize(
    ("order", "volts"),
    [
        pytest.param('CONF:REC 1,"l";MEAS 2;CONF:NEXT 3,"l";MEAS 4', [1, 2], id="recall, next"),
        pytest.param('CONF:NEXT 1,"l";MEAS 2;CONF:NEXT 3,"l";MEAS 4', [1, 2], id="next begins at the first"),
        pytest.param('CONF:PREV 1,"l";MEAS 2;CONF:PREV 3,"l";MEAS 4', [3, 2], id="previous begins at the last"),
        pytest.param('CONF:REC 1,"l",3;MEAS 2;CONF:NEXT 3,"l";MEAS 4', [3, 1], id="after the last comes the first"),
    ],
)
def test_configuration_blocks_step_through_a_list(desk, order: str, volts: list[float]) -> None:
    desk.tell(':SOUR:VOLT:ILIM 1e-3;:SOUR:CONF:LIST:CRE "l"')
    for level in (1, 2, 3):
        desk.tell(f':SOUR:VOLT {level};:SOUR:CONF:LIST:STOR "l"')
    desk.tell(":OUTP ON;:TRIG:LOAD 'EMPTY'")
    desk.tell("\n".join(f":TRIG:BLOC:{block}" for block in order.split(";")))
    run(desk)
    assert [float(v) for v in desk(':TRAC:DATA? 1,2,"defbuffer1",SOUR').split(",")] == pytest.approx(volts)


# --- templates


@pytest.mark.parametrize(
    ("load", "readings"),
    [
        pytest.param('"SimpleLoop", 10', 10, id="simple loop"),
        pytest.param("'simpleloop', 3, 0.1, 'defbuffer1'", 3, id="simple loop with delay"),
        pytest.param('"DurationLoop", 1, 0.03987', 10, id="duration loop"),
        pytest.param('"ConfigList", "m", "s"', 2, id="configuration lists"),
    ],
)
def test_loaded_templates_make_their_readings(desk, load: str, readings: int) -> None:
    desk.tell(':SOUR:CONF:LIST:CRE "s";:SENS:CONF:LIST:CRE "m"')
    for _ in range(2):
        desk.tell(':SOUR:CONF:LIST:STOR "s";:SENS:CONF:LIST:STOR "m"')
    desk.tell(f":TRIG:LOAD {load};:OUTP ON")
    run(desk)
    assert count(desk) == readings


def test_older_load_headers_still_work(desk) -> None:
    desk.tell(":TRIG:LOAD:LOOP:SIMP 4, 0.01")
    run(desk)
    assert count(desk) == 4
    desk.tell(":TRIG:LOAD:EMPT")
    assert desk(":TRIG:STAT?") == "EMPTY;EMPTY;0"


def test_logic_trigger_reads_once_an_edge(desk) -> None:
    desk.tell(':TRIG:LOAD "LogicTrigger", 1, 2, 2, NEVer, 0.001, "defbuffer1";:INIT')
    for level in (0, 1, 0):
        desk.sim.instrument.digital.drive(1, level)
        desk(":TRIG:STAT?")
    assert desk(":TRAC:ACT?;:TRIG:STAT?") == "2;IDLE;IDLE;6"
    assert desk.sim.instrument.digital.line(2).pulses == 2


@pytest.mark.parametrize(("name", "bits"), [("GradeBinning", 2), ("SortBinning", 1)])
def test_binning_tells_the_bin_on_the_lines(desk, name: str, bits: int) -> None:
    # The load draws 1 uA: inside limit 1 (0 to 2 uA), outside limit 2 (2 to 3 uA).
    desk.tell("\n".join(f":DIG:LINE{line}:MODE DIG,OUT" for line in (1, 2, 3, 4)))
    desk.tell(":DIG:LINE5:MODE TRIG,IN;:SOUR:VOLT 1;:OUTP ON")
    desk.tell(f':TRIG:LOAD "{name}",1,5,0,0,2e-6,0,1,15,3e-6,2e-6,2;:INIT')
    desk.sim.instrument.digital.drive(5, 0)
    desk("*WAI")
    assert int(desk(":DIG:READ?")) & 15 == bits


def test_block_list_is_one_line_with_every_block(desk) -> None:
    desk.tell('TRIG:LOAD "SimpleLoop", 10, 0.5')
    assert desk(":TRIG:BLOC:LIST?").split("; ") == [
        "1) BUFFERCLEAR BUFFER: defbuffer1",
        "2) DELAYCONSTANT SECONDS: 0.5",
        "3) MEASURE BUFFER: defbuffer1, COUNT: 1",
        "4) BRANCHCOUNTER TARGET: 10, TO: 2",
    ]


# --- sweeps


@pytest.mark.parametrize(
    ("sweep", "volts"),
    [
        pytest.param(":LIN 0,1,5,0.01", [0, 0.25, 0.5, 0.75, 1], id="linear"),
        pytest.param(":LIN:STEP 0,1,0.5,0.01", [0, 0.5, 1], id="steps"),
        pytest.param(":LOG 0.01,1,3,0.01", [0.01, 0.1, 1], id="logarithmic"),
        pytest.param(":LIN 0,1,3,0.01,1,AUTO,ON,ON,'defbuffer1'", [0, 0.5, 1, 0.5, 0], id="there and back"),
        pytest.param(":LIN 0,1,2,0,2,FIX,OFF,OFF", [0, 1, 0, 1], id="twice"),
        pytest.param(":LIST 2,0.01,1,ON", [3, -1], id="list from its second level"),
    ],
)
def test_sweeps_visit_their_levels_and_turn_the_output_off(desk, sweep: str, volts: list[float]) -> None:
    desk.tell(":SOUR:VOLT:RANG 20;:SOUR:VOLT:ILIM 1e-3;:SOUR:LIST:VOLT 2,3;:SOUR:LIST:VOLT:APP -1")
    desk.tell(f":SOUR:SWE:VOLT{sweep}")
    run(desk)
    rows = desk(f':TRAC:DATA? 1,{len(volts)},"defbuffer1",SOUR').split(",")
    assert [float(v) for v in rows] == pytest.approx(volts)
    assert count(desk) == len(volts)
    assert desk(":OUTP?") == "0"


def test_sweep_delay_is_the_source_delay(desk) -> None:
    desk.tell(":SENS:CURR:AZER OFF;:SOUR:SWE:VOLT:LIN 0,1,3,0.3")
    run(desk)
    times = [float(t) for t in desk(":TRAC:DATA? 1,3,'defbuffer1',REL").split(",")]
    assert times[1] == pytest.approx(0.3 + 250e-6 + 0.02 + 130e-6, abs=1e-6)


@pytest.mark.parametrize(("abort", "points"), [("ON", 4), ("OFF", 11)])
def test_fail_abort_stops_a_sweep_at_the_source_limit(desk, abort: str, points: int) -> None:
    desk.tell(f":SOUR:VOLT:ILIM 2.5e-6;:SOUR:SWE:VOLT:LIN 0,10,11,0.01,1,AUTO,{abort},OFF,'defbuffer1'")
    run(desk)
    assert count(desk) == points
    assert desk(":OUTP?") == "0"


@pytest.mark.parametrize(
    "sweep",
    [":LIN 0,500,3", ":LOG 0,1,3", ":LIN 0,1,3,1e-6", ":LIN:STEP 0,1,0", ":LIN 0,1,3,0,1,WORST"],
    ids=["beyond 210 V", "through its asymptote", "delay too short", "no step", "range type"],
)
def test_impossible_sweeps_are_refused(desk, sweep: str) -> None:
    desk(f":SOUR:SWE:VOLT{sweep}")
    assert desk(":SYST:ERR?").startswith("-22")
    assert desk(":TRIG:STAT?").startswith("EMPTY")


def test_full_buffer_ends_nothing_and_is_told_once(make_desk: Callable) -> None:
    desk = make_desk()
    desk.tell(':TRAC:MAKE "small",10;:TRIG:LOAD "SimpleLoop",15,0,"small"')
    desk(":INIT;*WAI")
    assert count(desk, "small") == 10
    assert desk(":SYST:ERR?").startswith("4915,")
    assert desk(":SYST:ERR:COUN?") == "0"


def test_state_is_as_old_as_the_instruments_last_look(make_desk):
    slow = make_desk(pace=0.05)  # 100 ms of the instrument are 2 s on the wall: both looks fall into one period
    slow(":TRIG:BLOC:DEL:CONS 1,10")
    before = slow(":TRIG:STAT?")
    assert slow(":INIT;:TRIG:STAT?") == before == "BUILDING;BUILDING;0"
    assert slow.sim.instrument.model.running
