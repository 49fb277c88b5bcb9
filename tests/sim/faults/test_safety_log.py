"""The lab's log of what must be safe."""

import io
import json
import os
import socket
import subprocess
import sys

import pytest

from sim_instruments.lab import Lab, LabSettings
from sim_instruments.safety_log import SafetyLog


def changes(lab, *what: str) -> list[tuple[object, object]]:
    events = lab.call(lambda: lab.lab.events)
    return [(event["what"], event["state"]) for event in events if event["what"] in what]


def unsafe(lab) -> list[str]:
    return lab.call(lambda: lab.lab.log.unsafe)


def test_output_and_bias_are_logged_when_they_change_and_only_then(lab, connect):
    meter = connect(lab, "source_meter")
    for line in (
        ":SOUR:VOLT 1",
        ":SOUR:VOLT 2",
        ":OUTP ON",
        ":SOUR:VOLT 3",
        ":SOUR:VOLT 0",
        ":SOUR:VOLT 1",
        ":OUTP OFF",
    ):
        meter.send(line)
    assert meter.ask(":OUTP?") == "0"
    assert changes(lab, "output", "bias") == [
        ("output", True),
        ("bias", True),
        ("bias", False),
        ("bias", True),
        ("output", False),
        ("bias", False),
    ]
    assert unsafe(lab) == []


def test_controller_bias_and_tip_are_logged(lab, connect):
    probe = connect(lab, "probe")
    probe.do("Bias.Set", "f", 0.5)
    assert unsafe(lab) == ["bias of probe: True"]
    probe.do("Bias.Set", "f", 0.0)
    probe.do("AutoApproach.Open")
    probe.do("AutoApproach.OnOffSet", "H", 1)
    while probe.do("AutoApproach.OnOffGet", returns="H")[0]:
        pass
    assert unsafe(lab) == ["tip of probe: engaged"]
    probe.do("ZCtrl.Withdraw", "Ii", 1, 20000)
    assert unsafe(lab) == []
    assert changes(lab, "bias") == [("bias", True), ("bias", False)]
    assert changes(lab, "tip")[-2:] == [("tip", "released"), ("tip", "withdrawn")]


def test_clients_are_logged_as_they_come_and_go(lab, connect):
    meter = connect(lab, "source_meter")
    assert meter.ask("*LANG?") == "SCPI"
    meter.close()
    other = connect(lab, "source_meter")
    assert other.ask("*LANG?") == "SCPI"
    assert [state for _, state in changes(lab, "client")] == ["connected", "gone", "connected"]


def test_every_line_is_on_disk_at_once_with_both_times():
    file = io.StringIO()
    log = SafetyLog(lambda: 12.5, file)
    log.note_output(True)
    line = json.loads(file.getvalue())
    assert {key: line[key] for key in ("t", "what", "instrument", "state")} == {
        "t": 12.5,
        "what": "output",
        "instrument": "source_meter",
        "state": True,
    }
    assert line["wall"] > 1e9


def test_a_lab_that_was_just_switched_on_is_safe():
    assert Lab(LabSettings()).log.unsafe == []


def test_serve_writes_the_log_and_puts_faults_in(tmp_path):
    log, bench = tmp_path / "log.jsonl", tmp_path / "bench.toml"
    command = [sys.executable, "-P", "-m", "sim_instruments", "serve", "--pace", "0", "--until-stdin-closes"]
    command += ["--log-file", str(log), "--bench-file", str(bench), "--fault", "source_meter:wrong-model"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert "simulated lab" in process.stdout.readline()
        resource = next(line for line in bench.read_text().splitlines() if "resource" in line)
        with socket.create_connection(("127.0.0.1", int(resource.split("::")[2])), timeout=5) as client:
            client.sendall(b":SOUR:VOLT 1;:OUTP ON;*IDN?\n")
            assert b"MODEL 2400" in client.recv(200)
        process.stdin.close()
        assert process.wait(20) == 0
    states = [(event["what"], event["state"]) for event in map(json.loads, log.read_text().splitlines())]
    assert states[:3] == [("client", "connected"), ("output", True), ("bias", True)]


@pytest.mark.parametrize("spec", ["nonsense", "probe:melt", "laser:hang"])
def test_serve_refuses_a_fault_that_does_not_exist_naming_the_kinds(spec):
    command = [sys.executable, "-P", "-m", "sim_instruments", "serve", "--fault", spec]
    done = subprocess.run(command, capture_output=True, text=True, timeout=50, env={**os.environ, "COLUMNS": "400"})
    assert done.returncode == 2
    last = done.stderr.splitlines()[-1]
    assert f"fault '{spec}'" in last
    assert "there are" in last or "kinds:" in last
