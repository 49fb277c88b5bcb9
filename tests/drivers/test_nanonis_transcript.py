"""What goes over the wire to a Nanonis controller, byte for byte, and how release-dependent answers are taken."""

import struct

import pytest
from pymeasure.adapters import ProtocolAdapter
from pymeasure.test import expected_protocol

from drivers.nanonis import Nanonis
from drivers.nanonis_options import Options
from drivers.nanonis_protocol import request
from drivers.nanonis_session import NanonisSession
from nanoprobe.errors import BadInput, InstrumentError, Unreachable

OPTIONS = Options(
    abort_resource="TCPIP0::127.0.0.1::6502::SOCKET", deflection_sensitivity=50e-9, spring_constant=40, poll_interval=0
)
NAMES = ("Current (A)", "Bias (V)", "Z (m)", "Deflection (V)", "Input 5 (V)")


def text(value):
    return struct.pack(">i", len(value)) + value.encode()


def texts(values):
    joined = b"".join(map(text, values))
    return struct.pack(">ii", len(joined), len(values)) + joined


def pair(command, layout="", *values, answer=b"", error=""):
    """A request and its answer."""
    body = answer + struct.pack(">Ii", int(bool(error)), len(error)) + error.encode()
    header = command.encode().ljust(32, b"\0") + struct.pack(">i4x", len(body))
    return request(command, layout, *values), header + body


def hello(release=13742, product="Nanonis SPM Control Software"):
    return [
        pair("Util.VersionGet", answer=text(product) + text("Generic 5e") + struct.pack(">II", release, release)),
        pair("Signals.NamesGet", answer=texts(NAMES)),
        pair("Util.AcqPeriodGet", answer=struct.pack(">f", 0.02)),
    ]


def connected(conversation, abort=(), options=OPTIONS, release=13742):
    second = NanonisSession(ProtocolAdapter(list(abort)))
    return expected_protocol(Nanonis, [*hello(release), *conversation], abort=second, options=options)


def test_identity_has_product_and_releases():
    with connected([]) as probe:
        assert probe.identity == "Nanonis SPM Control Software Generic 5e (host R13742, real time R13742)"
        assert probe.channels == {"current": "A", "bias": "V", "height": "m", "deflection": "V"}
        assert probe.acquisition_period == pytest.approx(0.02)


def test_another_product_is_refused():
    conversation = hello(product="Some other program")[:1]
    with (
        pytest.raises(Unreachable, match="expected a Nanonis controller but 'Some other program' answers"),
        expected_protocol(Nanonis, conversation, abort=NanonisSession(ProtocolAdapter()), options=OPTIONS),
    ):
        pass


def test_channels_may_be_renamed_in_the_bench_file():
    options = OPTIONS.model_copy(update={"channels": {"friction": "Input 5"}})
    values = struct.pack(">if", 1, 0.25)
    with connected([pair("Signals.ValsGet", "ai I", [4], 1, answer=values)], options=options) as probe:
        assert probe.read("friction") == {"friction": 0.25}


def test_renaming_to_a_signal_that_is_not_there_is_bad_input():
    options = OPTIONS.model_copy(update={"channels": {"friction": "Input 9"}})
    with pytest.raises(BadInput, match="no signal 'Input 9' for channel 'friction'"), connected([], options=options):
        pass


def test_force_is_the_newest_deflection_times_the_calibration():
    answer = struct.pack(">if", 1, 0.025)
    with connected([pair("Signals.ValsGet", "ai I", [3], 1, answer=answer)]) as probe:
        assert probe.force() == pytest.approx(50e-9)


def test_force_without_calibration_says_what_to_add():
    options = OPTIONS.model_copy(update={"spring_constant": None})
    with (
        connected([], options=options) as probe,
        pytest.raises(BadInput, match=r"give deflection_sensitivity \(m/V\) and spring_constant \(N/m\)"),
    ):
        probe.check_feedback()


def test_another_active_controller_is_refused():
    answer = texts(["Deflection", "log Current"]) + struct.pack(">i", 1)
    with (
        connected([pair("ZCtrl.CtrlListGet", answer=answer)]) as probe,
        pytest.raises(BadInput, match="active Z controller is 'log Current', not Deflection"),
    ):
        probe.check_feedback()


@pytest.mark.parametrize(
    ("release", "layout", "more"),
    [
        pytest.param(10862, "i f f f", (), id="R10862 has no saturation"),
        pytest.param(13742, "i f f f f", (10.0,), id="R13742 has it"),
    ],
)
def test_drift_compensation_as_the_release_lays_it_out(release, layout, more):
    told = struct.pack(">IfffIII", 1, 1e-10, 2e-10, 0, 0, 0, 0) + (struct.pack(">f", 10.0) if more else b"")
    conversation = [
        pair("Piezo.DriftCompSet", layout, 1, 1e-10, 2e-10, 0.0, *more),
        pair("Piezo.DriftCompGet", answer=told),
    ]
    with connected(conversation, release=release) as probe:
        probe.compensate_drift(1e-10, 2e-10)


def test_no_drift_switches_the_compensation_off():
    conversation = [
        pair("Piezo.DriftCompSet", "i f f f f", 0, 0.0, 0.0, 0.0, 10.0),
        pair("Piezo.DriftCompGet", answer=struct.pack(">IfffIIIf", 0, 0, 0, 0, 0, 0, 0, 10.0)),
    ]
    with connected(conversation) as probe:
        probe.compensate_drift(0.0, 0.0)


def test_drift_compensation_that_stays_on_is_an_error():
    conversation = [
        pair("Piezo.DriftCompSet", "i f f f f", 0, 0.0, 0.0, 0.0, 10.0),
        pair("Piezo.DriftCompGet", answer=struct.pack(">IfffIIIf", 1, 0, 0, 0, 0, 0, 0, 10.0)),
    ]
    with (
        connected(conversation) as probe,
        pytest.raises(InstrumentError, match="drift compensation is on at 0, 0 m/s after 0, 0"),
    ):
        probe.compensate_drift(0.0, 0.0)


def test_move_waits_and_reads_the_place_back():
    here, there = struct.pack(">dd", 0, 0), struct.pack(">dd", 1e-6, 2e-6)
    conversation = [
        pair("FolMe.XYPosGet", "I", 1, answer=here),
        pair("FolMe.SpeedSet", "f I", 5e-6, 1),
        pair("FolMe.XYPosSet", "d d I", 1e-6, 2e-6, 1),
        pair("FolMe.XYPosGet", "I", 1, answer=there),
    ]
    with connected(conversation) as probe:
        probe.move_to(1e-6, 2e-6)


def test_move_that_stops_short_is_an_error_with_both_places():
    here, there = struct.pack(">dd", 0, 0), struct.pack(">dd", 0.5e-6, 0)
    conversation = [
        pair("FolMe.XYPosGet", "I", 1, answer=here),
        pair("FolMe.SpeedSet", "f I", 5e-6, 1),
        pair("FolMe.XYPosSet", "d d I", 1e-6, 0.0, 1),
        pair("FolMe.XYPosGet", "I", 1, answer=there),
    ]
    with (
        connected(conversation) as probe,
        pytest.raises(InstrumentError, match=r"the tip stopped at 500 nm, 0 m on its way to 1 µm, 0 m"),
    ):
        probe.move_to(1e-6, 0.0)


def test_stop_goes_over_the_abort_session_and_tries_everything_though_one_fails():
    abort = [
        pair("BiasSpectr.Stop", error="module not open"),
        pair("ZSpectr.Stop"),
        pair("Scan.Action", "H I", 1, 0),
        pair("FolMe.Stop"),
        pair("AutoApproach.OnOffSet", "H", 0),
        pair("Motor.StopMove"),
    ]
    with connected([], abort) as probe:
        with pytest.raises(InstrumentError, match=r"Nanonis refuses BiasSpectr\.Stop: module not open"):
            probe.stop()
        assert probe.abort.adapter._index == len(abort)


def test_safe_bias_is_zero_before_anything_else_and_after_the_sweep_has_stopped():
    abort = [pair("Bias.Set", "f", 0.0), pair("BiasSpectr.Stop"), pair("Bias.Set", "f", 0.0)]
    with connected([], abort) as probe:
        probe.safe_bias()
        assert probe.abort.adapter._index == len(abort)


def test_safe_withdraw_has_a_short_deadline():
    abort = [pair("ZCtrl.Withdraw", "I i", 1, 5000)]
    with connected([], abort) as probe:
        probe.safe_withdraw()
        assert probe.abort.adapter._index == 1


@pytest.mark.parametrize(
    ("signal", "threshold"), [pytest.param("current", 1e-6, id="current"), pytest.param("deflection", 0.5, id="force")]
)
def test_safe_tip_stands_at_the_hard_limit_of_the_signal_it_watches(signal, threshold):
    conversation = [
        pair("SafeTip.PropsSet", "H H f", 2, 1, threshold),
        pair("SafeTip.PropsGet", answer=struct.pack(">HHf", 0, 1, threshold)),
        pair("SafeTip.OnOffSet", "H", 1),
        pair("SafeTip.OnOffGet", answer=struct.pack(">H", 1)),
    ]
    options = OPTIONS.model_copy(update={"safe_tip_signal": signal})
    with connected(conversation, options=options) as probe:
        probe.program_limits(force=1e-6, current=1e-6)


def test_a_controller_that_keeps_other_z_limits_than_it_was_given_is_named():
    conversation = [
        pair("SafeTip.PropsSet", "H H f", 2, 1, 1e-6),
        pair("SafeTip.PropsGet", answer=struct.pack(">HHf", 0, 1, 1e-6)),
        pair("SafeTip.OnOffSet", "H", 1),
        pair("SafeTip.OnOffGet", answer=struct.pack(">H", 1)),
        pair("ZCtrl.LimitsEnabledSet", "I", 1),
        pair("ZCtrl.LimitsSet", "f f", 1e-6, -1e-6),
        pair("ZCtrl.LimitsGet", answer=struct.pack(">ff", 2e-6, -1e-6)),
        pair("ZCtrl.LimitsEnabledGet", answer=struct.pack(">I", 1)),
    ]
    options = OPTIONS.model_copy(update={"z_limits": (-1e-6, 1e-6)})
    with connected(conversation, options=options) as probe:
        with pytest.raises(InstrumentError, match="Z limits read -1 µm to 2 µm, on, after -1 µm to 1 µm was set"):
            probe.program_limits(force=1e-6, current=1e-6)


def test_answer_to_another_command_is_refused():
    _, wrong = pair("Bias.Get", answer=struct.pack(">f", 1.0))
    with (
        connected([(request("Current.Get"), wrong)]) as probe,
        pytest.raises(InstrumentError, match=r"Nanonis answered Bias\.Get when Current\.Get was asked"),
    ):
        probe.value("Current.Get", returns="f")
