"""Faults of the instruments' own state."""

import pytest


@pytest.fixture
def inject(lab):
    return lambda spec: lab.call(lambda: lab.lab.inject(spec))


@pytest.fixture
def meter(lab, connect):
    return connect(lab, "source_meter")


@pytest.fixture
def probe(lab, connect):
    return connect(lab, "probe")


def approach(probe) -> None:
    probe.do("AutoApproach.Open")
    probe.do("AutoApproach.OnOffSet", "H", 1)
    while probe.do("AutoApproach.OnOffGet", returns="H")[0]:
        pass


def signal(probe, index: int) -> float:
    return probe.do("Signals.ValGet", "iI", index, 1, returns="f")[0]


def test_an_error_lands_in_the_queue(meter, inject):
    inject("source_meter:error=-310")
    assert meter.ask(":SYST:ERR?").startswith("-310,")
    assert meter.ask(":SYST:ERR?").startswith("0,")


def test_an_error_of_the_controller_is_in_its_reply_and_the_command_is_not_done(probe, inject):
    inject("probe:error@match=Bias.Set")
    body = probe.ask("Bias.Set", b"\x40\0\0\0")
    assert b"Bias.Set: This cannot be done now" in body
    assert probe.do("Bias.Get", returns="f") == (0.0,)


@pytest.mark.parametrize(
    ("spec", "command", "answer"),
    [
        ("source_meter:wrong-model", "*IDN?", "KEITHLEY INSTRUMENTS,MODEL 2400,04500001,1.7.12b"),
        ("source_meter:wrong-model=MODEL 2461", "*IDN?", "KEITHLEY INSTRUMENTS,MODEL 2461,04500001,1.7.12b"),
        ("source_meter:wrong-language", "*LANG?", "TSP"),
    ],
)
def test_the_source_meter_is_another(meter, inject, spec, command, answer):
    inject(spec)
    assert meter.ask(command) == answer


def test_in_another_language_no_command_of_ours_is_known(meter, inject):
    inject("source_meter:wrong-language")
    meter.send(":SOUR:VOLT 3;:OUTP ON")
    assert int(meter.ask("*ESR?")) & 16, "an execution error"
    assert meter.ask("*IDN?").startswith("KEITHLEY")


def test_the_controller_is_another(probe, inject):
    inject("probe:wrong-model=Some SPM")
    assert b"Some SPM" in probe.ask("Util.VersionGet")


def test_an_open_interlock_switches_off_and_keeps_off(meter, inject):
    meter.send(":SOUR:VOLT 1;:OUTP ON")
    assert meter.ask(":OUTP?") == "1"
    inject("source_meter:interlock")
    assert meter.ask(":OUTP?") == "0"
    meter.send(":OUTP ON")
    assert meter.ask(":SYST:ERR?").startswith('-221,"Interlock is open')
    assert meter.ask(":OUTP?") == "0"


def test_an_overloaded_source_meter_reads_beyond_its_range(meter, inject):
    inject("source_meter:overload")
    meter.send(':SENS:FUNC "CURR"')
    assert float(meter.ask(":READ?")) == pytest.approx(9.9e37)


def test_a_move_stops_short(probe, inject):
    probe.do("FolMe.SpeedSet", "fI", 1e-5, 1)
    inject("probe:motion-short=0.75")
    probe.do("FolMe.XYPosSet", "ddI", 1e-6, -2e-6, 1)
    assert probe.do("FolMe.XYPosGet", "I", 1, returns="dd") == pytest.approx((0.75e-6, -1.5e-6))


def test_a_z_limit_takes_the_tip_off_the_surface_and_keeps_it_off(lab, probe, inject):
    approach(probe)
    before = probe.do("ZCtrl.ZPosGet", returns="f")[0]
    inject("probe:z-limit=1e-7")
    probe.do("ZCtrl.OnOffSet", "I", 1)
    assert probe.do("ZCtrl.ZPosGet", returns="f")[0] == pytest.approx(before + 1e-7, abs=5e-9)
    assert not lab.call(lambda: lab.lab.world.tip.in_contact)


def test_a_tip_that_has_snapped_off_feels_nothing_ever_again(lab, probe, inject):
    approach(probe)
    assert signal(probe, 5) > 0.02
    inject("probe:snap-off")
    signal(probe, 5)
    lab.call(lambda: lab.lab.timeline.advance(lab.lab.timeline.now + 1))
    assert abs(signal(probe, 5)) < 0.005
    assert not lab.call(lambda: lab.lab.world.tip.in_contact)


def test_a_saturated_amplifier_stands_at_full_scale(probe, inject):
    assert abs(signal(probe, 0)) < 1e-10
    inject("probe:saturation")
    signal(probe, 0)
    assert signal(probe, 0) == pytest.approx(10e-9)


def test_a_scan_is_stopped_or_the_next_one_is(probe, inject):
    inject("probe:scan-stopped")
    probe.do("Scan.Action", "HI", 0, 1)
    assert probe.do("Scan.StatusGet", returns="I") == (0,)
    probe.do("Scan.Action", "HI", 0, 1)
    assert probe.do("Scan.StatusGet", returns="I") == (1,)
