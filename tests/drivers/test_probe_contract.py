"""What a probe must do, held against the Nanonis driver on the simulated lab, for every known release."""

import threading

import numpy as np
import pytest

from nanoprobe.errors import BadInput, InstrumentError, Interlocked, LinkLost, Unreachable
from nanoprobe.geometry import Frame
from nanoprobe.plugins import driver
from nanoprobe.roles import Probe, ScanPlan

FORCE = 50e-9
FRAME = Frame(x=0, y=0, width=2e-6, height=2e-6)
SCAN = ScanPlan(frame=FRAME, pixels=32, lines=16, line_time=0.1, channels=("height", "current", "friction"))


@pytest.fixture
def probe(lab, open_instrument):
    return open_instrument(lab, "probe")


def test_fulfils_the_role(probe):
    assert isinstance(probe, Probe)
    assert "Nanonis" in probe.identity
    assert probe.scanner_range == pytest.approx(10e-6)
    assert probe.channels["current"] == "A"
    probe.check_feedback()


def test_approach_lands_at_the_force_and_withdraw_takes_it_off(probe):
    assert not probe.engaged()
    probe.approach(FORCE)
    assert probe.engaged()
    assert probe.force() == pytest.approx(FORCE, rel=0.1)
    probe.withdraw()
    assert not probe.engaged()


def test_who_heeds_a_stop_does_not_bring_the_tip_down_any_more(probe, lab):
    def stop() -> None:
        raise Interlocked("stopped")

    probe.approach(FORCE)
    probe.lift(500e-9)
    probe.heed(stop)
    for come_down in (probe.land, probe.approach):
        with pytest.raises(Interlocked):
            come_down(FORCE)
    assert not lab.call(lambda: lab.lab.world.tip.in_contact)
    probe.heed(lambda: None)
    probe.land(FORCE)
    assert probe.engaged()


def test_force_and_current_are_what_each_reads_alone(probe):
    probe.approach(FORCE)
    force, current = probe.force_and_current()
    assert force == pytest.approx(FORCE, rel=0.1)
    assert current == pytest.approx(probe.read("current")["current"], abs=5e-12)


def test_lift_move_land_reaches_the_place_with_the_force(probe, lab):
    probe.approach(FORCE)
    probe.lift(500e-9)
    assert probe.force() == pytest.approx(0, abs=0.1 * FORCE)
    probe.move_to(1e-6, -2e-6)
    probe.land(FORCE)
    assert probe.position() == pytest.approx((1e-6, -2e-6), abs=2e-9)
    assert probe.force() == pytest.approx(FORCE, rel=0.1)
    assert lab.call(lambda: lab.lab.world.tip.in_contact)


def test_move_out_of_the_scanners_reach_is_an_error(probe):
    with pytest.raises(InstrumentError, match="the tip stopped at"):
        probe.move_to(50e-6, 0)


def test_retraction_shows_the_contact_and_then_nothing(probe):
    probe.approach(FORCE)
    curve = probe.retract_curve(100e-9, 20)
    assert curve.z == pytest.approx(np.linspace(0, 100e-9, 21))
    assert curve.force[0] > 0.5 * FORCE
    assert abs(curve.force[-1]) < 0.1 * FORCE


@pytest.mark.parametrize("seconds", [0.0, 0.05, 1.0])
def test_wait_lets_at_least_the_time_pass_and_little_more(probe, lab, seconds):
    probe.safe_bias()
    probe.move_to(0, 0)
    before = lab.call(lambda: lab.lab.timeline.now)
    probe.wait(seconds)
    passed = lab.call(lambda: lab.lab.timeline.now) - before
    assert seconds <= passed <= seconds + 4 * probe.acquisition_period


@pytest.mark.parametrize("release", [10862, 11798, 13742, 14718])
def test_image_arrives_line_by_line_whatever_the_release(lab_starter, open_instrument, release):
    from sim_instruments.nanonis.controller import ControllerSettings

    probe = open_instrument(lab_starter(controller=ControllerSettings(release=release)), "probe")
    probe.approach(FORCE)
    lines = []
    probe.scan(SCAN, lines.append, lambda: None)
    assert [line.index for line in lines] == list(range(16))
    assert {name: array.shape for name, array in lines[0].values.items()} == dict.fromkeys(SCAN.channels, (2, 32))
    assert all(np.isfinite(array).all() for line in lines for array in line.values.values())
    probe.compensate_drift(1e-11, -1e-11)


def test_line_0_is_the_lower_edge_and_trace_and_retrace_run_the_same_way(probe, lab):
    probe.approach(FORCE)
    lines = []
    probe.scan(SCAN, lines.append, lambda: None)
    image = np.stack([line.values["height"] for line in lines]).astype(float)
    x, y = FRAME.pixel_axes(32, 16)
    grid = np.array(lab.call(lambda: lab.lab.world.surface_height(*np.meshgrid(x, y))))

    def likeness(candidate):
        return np.corrcoef(candidate.ravel(), grid.ravel())[0, 1]

    assert likeness(image[:, 0]) > 0.95
    assert likeness(image[:, 1]) > 0.95
    assert likeness(image[::-1, 0]) < 0.9
    assert likeness(image[:, 0, ::-1]) < 0.9


def test_watch_that_raises_ends_the_scan(probe, lab):
    class Stop(Exception):
        pass

    probe.approach(FORCE)
    taken = []

    def watch():
        taken.append(0)
        if len(taken) > 5:
            raise Stop

    with pytest.raises(Stop):
        probe.scan(SCAN, lambda line: None, watch)
    assert not lab.call(lambda: lab.lab.controller.scanning())
    probe.move_to(0, 0)


def test_scan_stopped_at_the_controller_says_how_far_it_came(probe):
    probe.approach(FORCE)
    calls = []

    def watch():
        calls.append(0)
        if len(calls) == 6:
            probe.stop()

    with pytest.raises(InstrumentError, match=r"the scan ended after \d of 16 lines; was it stopped"):
        probe.scan(SCAN, lambda line: None, watch)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        pytest.param({"pixels": 100}, "multiples of 16", id="pixels"),
        pytest.param({"channels": ("height", "phase")}, "no channel 'phase'; there are: current", id="channel"),
    ],
)
def test_impossible_scan_is_refused_before_the_tip_moves(probe, change, message):
    from dataclasses import replace

    with pytest.raises(BadInput, match=message):
        probe.scan(replace(SCAN, **change), lambda line: None, lambda: None)


def test_frame_out_of_reach_is_refused(probe):
    from dataclasses import replace

    far = replace(SCAN, frame=Frame(x=9.5e-6, y=0, width=5e-6, height=2e-6))
    with pytest.raises(InstrumentError, match="is it within the scanner's range"):
        probe.scan(far, lambda line: None, lambda: None)


def test_limits_put_the_safe_tip_at_the_hard_current(probe):
    probe.program_limits(force=1e-6, current=5e-7)
    assert probe.call("SafeTip.PropsGet", returns="H H f")[2] == pytest.approx(5e-7)
    assert probe.value("SafeTip.OnOffGet", returns="H") == 1


def test_limits_keep_z_where_the_bench_file_says(lab, open_instrument):
    probe = open_instrument(lab, "probe", z_limits=[-1e-6, 1.2e-6])
    probe.program_limits(force=1e-6, current=5e-7)
    assert probe.call("ZCtrl.LimitsGet", returns="f f") == pytest.approx((1.2e-6, -1e-6))
    assert probe.value("ZCtrl.LimitsEnabledGet", returns="I") == 1


def test_z_limits_the_wrong_way_round_are_refused(lab, open_instrument):
    with pytest.raises(ValueError, match=r"the lowest Z must lie below the highest, got 1e-06 and -1e-06 m"):
        open_instrument(lab, "probe", z_limits=[1e-6, -1e-6])


def test_safe_commands_work_from_another_thread_while_a_command_blocks(lab_starter, open_instrument):
    lab = lab_starter(pace=1.0)
    probe = open_instrument(lab, "probe", speed=0.5e-6)
    failed = []

    def move():
        try:
            probe.move_to(9e-6, 9e-6)
        except InstrumentError as error:
            failed.append(str(error))

    thread = threading.Thread(target=move)
    thread.start()
    while not lab.call(lambda: lab.lab.controller.motion.moving):
        pass
    probe.stop()
    probe.safe_bias()
    thread.join(10)
    assert not thread.is_alive()
    assert "the tip stopped at" in failed[0]


def resource(lab, role):
    import tomllib

    return tomllib.loads(lab.bench_file.read_text())["instruments"][role]["resource"]


def test_source_meter_at_the_probes_address_is_unreachable_and_none_the_worse(lab, open_instrument):
    nanonis = driver("nanonis")
    where = resource(lab, "source_meter")
    options = nanonis.options.model_validate({"abort_resource": where, "timeout": 0.3})
    with pytest.raises(Unreachable, match=r"no Nanonis controller answers at TCPIP0.*Programming Interface licensed"):
        nanonis.open(where, options)
    assert "MODEL 2450" in open_instrument(lab, "source_meter").identity


def test_probe_at_the_source_meters_address_is_unreachable_and_none_the_worse(lab, open_instrument):
    keithley = driver("keithley2450")
    with pytest.raises(Unreachable, match=r"no Keithley 2450 answers at TCPIP0.*check that this is its address"):
        keithley.open(resource(lab, "probe"), keithley.options.model_validate({"timeout": 0.3}))
    assert "Nanonis" in open_instrument(lab, "probe").identity


@pytest.mark.parametrize("name", ["keithley2450", "pymeasure2450"])
def test_nothing_at_the_address_is_unreachable(closed_port, name):
    chosen = driver(name)
    with pytest.raises(Unreachable, match=r"no Keithley 2450 at TCPIP0::127\.0\.0\.1::\d+::SOCKET: Connection refused"):
        chosen.open(closed_port, chosen.options.model_validate({}))


def test_instrument_that_goes_away_in_the_middle_of_the_work_is_a_lost_link(serve):
    def brief(connection):
        with connection.makefile("rb") as file:
            for line in file:
                if line == b"*IDN?\n":
                    connection.sendall(b"KEITHLEY INSTRUMENTS,MODEL 2450,1,1.7\n")
                elif line == b"*LANG?\n":
                    connection.sendall(b"SCPI\n")
                elif line.startswith(b":READ?"):
                    return

    keithley = driver("keithley2450")
    meter = keithley.open(serve(brief).resource, keithley.options.model_validate({}))
    with pytest.raises(LinkLost, match=r"the connection to Keithley 2450 at TCPIP0.* broke: the instrument closed"):
        meter.read()
    meter.close()
