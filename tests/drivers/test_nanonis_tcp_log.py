"""One level held by a bench where the controller biases, while its TCP logger streams; safe whatever becomes of the stream."""

import re
import select
import socket
import struct
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from nanoprobe.bench import open_bench
from nanoprobe.errors import GarbledAnswer, InstrumentError, InstrumentTimeout, LinkLost, NanoprobeError
from nanoprobe.waveform import Runner, Step, Waveform
from sim_instruments.nanonis.tcp_logger import TCPLog

SIZE = 26
"""Bytes of a frame of two channels."""
STILL = Waveform(steps=(Step(-0.5, 0.01),), repeats=200, compliance=10e-9)
STAIRS = Waveform(steps=(Step(-0.1, 0.01), Step(-0.2, 0.01)), repeats=3, compliance=10e-9)


@pytest.fixture
def bench(lab_starter):
    """Start a lab where the controller biases; `port`: of the stream, if not its own."""

    def start(port: int | None = None, **options: Any) -> Any:
        lab = lab_starter(bias_source="probe", **options)
        text = lab.bench_file.read_text()
        if port is not None:
            lab.bench_file.write_text(re.sub(r"logger_port = \d+", f"logger_port = {port}", text))
        return lab

    return start


def hold(bench: Any, plan: Waveform, found: Any = None, watch: Callable[[], None] = lambda: None) -> Any:
    return bench.source.waveform(plan, bench.probe.wait, watch, found or (lambda *arrays: False))


def is_quiet(lab: Any) -> bool:
    """Whether nothing is biased and nothing logged."""
    log = lab.lab.controller.module(TCPLog)
    return bool(lab.call(lambda: lab.lab.world.source_voltage("probe") == 0.0 and not log.running))


def test_a_level_is_sampled_on_the_loggers_own_clock_and_sign_is_the_electrodes(bench, readings):
    lab = bench(bias_applied_to="sample")
    with open_bench(lab.bench_file) as opened:
        assert opened.source.run_by(STILL).runner is Runner.LOGGER
        end = hold(opened, STILL, found := readings())
        assert (end.runner, end.stopped, end.readings) == (Runner.LOGGER, False, len(found[0]))
        assert 200 <= end.readings <= 215  # those until the bias was seen to be off count as well
        np.testing.assert_allclose(found[0], 0.01 * np.arange(1, end.readings + 1))
        np.testing.assert_allclose(found[1], -0.5, atol=2e-3)
        np.testing.assert_allclose(found[2], 0.5, atol=2e-3)
        assert is_quiet(lab)


@pytest.mark.parametrize(
    ("plan", "why"),
    [
        (STAIRS, "the TCP logger serves one level of bias only"),
        (Waveform(steps=(Step(-0.5, 1.0),), repeats=2, compliance=10e-9), "takes 2 to 2000 samples a second, 1 are asked for"),
        (Waveform(steps=(Step(-1e-3, 0.1),), compliance=10e-9), "a bias below 10 mV is not told from none"),
    ],
    ids=["stairs", "slow", "tiny"],
)  # fmt: skip
def test_what_the_logger_does_not_serve_is_stepped_by_the_host_which_says_why(bench, plan, why, readings):
    lab = bench()
    with open_bench(lab.bench_file) as opened:
        by = opened.source.run_by(plan)
        assert by.runner is Runner.HOST
        assert why in by.why
        end = hold(opened, plan, found := readings())
        assert end.runner is Runner.HOST
        np.testing.assert_allclose(found[1], [step.level for step in plan.steps] * plan.repeats, atol=2e-3)


def test_without_a_logger_the_host_steps_and_says_why(bench, closed_port):
    port = int(closed_port.split("::")[2])
    for place, why in (
        (0, "the bench file gives no port"),
        (port, f"no Nanonis .TCP logger. at .*::{port}::.*refused"),
    ):
        with open_bench(bench(place).bench_file) as opened:
            by = opened.source.run_by(STILL)
            assert by.runner is Runner.HOST
            assert re.search(why, by.why)
            assert hold(opened, STILL).runner is Runner.HOST


def test_a_logger_that_is_not_licensed_leaves_the_sampling_to_the_host(bench):
    lab = bench()
    with open_bench(lab.bench_file) as opened:
        lab.call(lambda: lab.lab.controller.handlers.pop("tcplog.chsset"))
        assert "Nanonis refuses TCPLog.ChsSet: Unknown command" in opened.source.run_by(STILL).why


def test_a_reading_beyond_the_stop_current_ends_it_and_the_last_sample_is_of_the_bias(bench, readings):
    lab = bench(seed=3)
    with open_bench(lab.bench_file) as opened:
        opened.probe.approach(50e-9)
        plan = Waveform(steps=(Step(-8.0, 0.0005),), repeats=20000, compliance=20e-9, stop_current=5e-9)
        end = hold(opened, plan, found := readings())
        assert end.stopped
        beyond = np.flatnonzero(~(np.abs(found[3]) <= 5e-9))
        assert 0 < len(found[0]) - beyond[0] < 0.1 / 0.0005  # judged at each look: every 20 ms of the controller's time
        assert is_quiet(lab)


def test_whoever_takes_the_readings_may_end_it(bench, readings):
    lab = bench()
    with open_bench(lab.bench_file) as opened:
        end = hold(opened, Waveform(steps=(Step(-0.5, 0.01),), repeats=5000, compliance=10e-9), readings(most=30))
        assert end.stopped
        assert end.readings < 100
        assert is_quiet(lab)


def test_when_the_watch_raises_the_bias_is_off_and_the_logger_stopped_before_the_exception_passes(bench):
    lab, looks = bench(), iter(range(10**6))

    def watch() -> None:
        if next(looks) == 5:
            raise RuntimeError("somebody wants the end")

    with open_bench(lab.bench_file) as opened:
        with pytest.raises(RuntimeError, match="somebody"):
            hold(opened, STILL, watch=watch)
        assert is_quiet(lab)


def test_a_force_that_is_lost_ends_it(bench):
    from procedures.contact import Contact
    from procedures.ramp_watch import RampWatch

    lab = bench()
    with open_bench(lab.bench_file) as opened:
        opened.probe.approach(50e-9)
        watch = RampWatch(opened, Contact(opened, 50e-9, lambda: None), lambda: None, opened.source.choose(None))
        watch._looks = True
        lab.call(lambda: lab.lab.inject("probe:snap-off"))
        with pytest.raises(NanoprobeError, match=r"force of .* on the tip, 50 nN was set"):
            hold(opened, STILL, watch=watch)
        assert is_quiet(lab)


def test_what_is_said_is_the_logger_set_up_started_and_stopped_around_the_bias(bench, tmp_path):
    from nanoprobe import plugins
    from nanoprobe.engine import execute_on
    from nanoprobe.plan import Plan
    from nanoprobe.recording import recordings_of
    from nanoprobe.recording.transcript import Transcript

    lab = bench()
    with open_bench(lab.bench_file) as opened:
        values = {"bias": -0.5, "duration": 1.0, "sample_rate": 100.0, "stop_current": 5e-9}
        plan = Plan(procedure="chrono-growth", bench=str(lab.bench_file), parameters=values)
        assert execute_on(plan, opened, tmp_path / "run.zarr").status == "finished"
    (recording,) = recordings_of(tmp_path / "run.zarr")
    lines = list(Transcript(recording, plugins.dialect).lines())
    said = [line.text for line in lines if line.way == "->" and line.text.startswith(("TCPLog", "Bias."))]
    begin = len(said) - 1 - said[::-1].index("TCPLog.ChsSet channels=[0, 1]")
    told = [text for text in said[begin:] if text != "TCPLog.StatusGet"]
    assert told[:4] == [
        "TCPLog.ChsSet channels=[0, 1]",
        "TCPLog.OversamplSet oversampling=20",
        "TCPLog.Start",
        "Bias.Set bias=0.5 V",
    ]
    assert told[4:9] == ["Bias.Set bias=0 V"] * 4 + ["TCPLog.Stop"]
    (first, *_) = [line.text for line in lines if line.way == "<-" and "TCP logger" in line.instrument]
    assert re.fullmatch(r"frames 0 to \d+ of 2 channels", first)


# --- a stream that does not come as it should


def relay(lab: Any, change: Callable[[int, bytes], bytes | None]) -> Callable[[socket.socket], None]:
    """Pass the lab's stream on; `change` gets how many bytes were passed before, and a piece. None ends the connection."""

    def script(connection: socket.socket) -> None:
        passed = 0
        with socket.create_connection(("127.0.0.1", lab.lab.stream_port)) as stream:
            while connection not in select.select([stream, connection], [], [])[0]:  # until the client hangs up
                data = stream.recv(1 << 16)
                piece = change(passed, data)
                passed += len(data)
                if piece is None:
                    return
                connection.sendall(piece)

    return script


def without(first: int, count: int) -> Callable[[int, bytes], bytes]:
    """Leave out `count` bytes from `first` on."""
    return lambda passed, data: data[: max(0, first - passed)] + data[max(0, first + count - passed) :]


def stream_at(lab: Any, server: Any) -> None:
    """Let the bench file name `server` as the logger's stream."""
    port = server.resource.split("::")[2]
    lab.bench_file.write_text(re.sub(r"logger_port = \d+", f"logger_port = {port}", lab.bench_file.read_text()))


def test_a_port_that_is_not_the_loggers_leaves_the_sampling_to_the_host(bench, serve, monkeypatch):
    monkeypatch.setattr("drivers.nanonis_tcp_log.SEEN_WITHIN", 0.1)
    lab = bench()
    stream_at(lab, serve(lambda connection: connection.recv(1) and None))
    with open_bench(lab.bench_file) as opened:
        assert "it says that nobody is connected to TCPIP0" in opened.source.run_by(STILL).why


NOTHING = "nothing has come for .*; it says it is 'running'"
FAULTS = {
    "closed": (lambda passed, data: data if passed < 60 * SIZE else None, LinkLost, "the instrument closed the connection"),
    "frames left out": (without(60 * SIZE, 3 * SIZE), InstrumentError, r"3 frames \(30 ms\) are missing behind frame 59"),
    "frame cut short": (without(60 * SIZE, 10), GarbledAnswer, "came where 2 channels of 20 were asked for"),
    "silent": (lambda passed, data: data if passed < 60 * SIZE else b"", InstrumentTimeout, NOTHING),
    "silent from the start": (lambda passed, data: b"", InstrumentTimeout, NOTHING),
    "another channel for the bias": (
        lambda passed, data: struct.pack(">f", 0.0).join(data[at : at + SIZE - 4] for at in range(0, len(data), SIZE)) + bytes(4),
        NanoprobeError,
        r"after the bias was changed \(to 500 mV, or to 0 V at the end\) 0 V is shown: look at the bias module",
    ),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_a_broken_stream_ends_it_with_the_bias_off_and_says_what_is_wrong(bench, serve, monkeypatch, fault):
    monkeypatch.setattr("drivers.nanonis_logged.SILENCE", 0.3)
    change, error, text = FAULTS[fault]
    lab = bench()
    server = serve(relay(lab, change))
    stream_at(lab, server)
    with open_bench(lab.bench_file) as opened:
        with pytest.raises(error, match=text):
            hold(opened, STILL)
        assert is_quiet(lab)


@pytest.mark.parametrize(
    ("spoil", "text"),
    [
        (
            lambda log: setattr(log, "_overflown", True),
            "it is 'buffer overflow' in the middle of the work: this computer has",
        ),
        (lambda log: log._routine.interrupt(), "it is 'idle' in the middle of the work"),
    ],
    ids=["overflow", "stopped by somebody"],
)
def test_a_logger_that_gives_up_ends_it_with_the_bias_off(bench, spoil, text):
    lab, looks = bench(), iter(range(10**6))

    def watch() -> None:
        if next(looks) == 5:
            lab.call(lambda: spoil(lab.lab.controller.module(TCPLog)))

    with open_bench(lab.bench_file) as opened:
        with pytest.raises(InstrumentError, match=text):
            hold(opened, STILL, watch=watch)
        assert is_quiet(lab)
