"""Bad input on the command line: one clear line, the exit status of the design, nothing moved, biased or created."""

import json
import platform
import socketserver
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.conftest import edited, touched

RUN = ("--out", "r.zarr")
WEAKNESS = ("simulate", "weakness", "map.zarr", "--out", "w.zarr")
CASES = {
    "no command": ([], "which command?"),
    "unknown command": (["rnu"], "No such command 'rnu'"),
    "unknown option": (["run", "trigger-ramp", "--bnech", "demo", *RUN], "No such option: --bnech"),
    "unknown procedure": (["run", "triger-map", *RUN], "did you mean 'trigger-map'?"),
    "unknown procedure to list": (["procedures", "map"], "there are: chrono-growth"),
    "no procedure": (["run", *RUN], "which procedure? `nanoprobe procedures` lists them"),
    "unknown parameter": (["run", "trigger-ramp", "--set", "trip_curent=1 nA", *RUN], "did you mean 'trip_current'?"),
    "no assignment": (["run", "trigger-ramp", "--set", "trip_current", *RUN], "write name=value"),
    "wrong unit": (["run", "trigger-ramp", "--set", "stop_bias=5 s", *RUN], "wrong unit: second where V is expected"),
    "unknown unit": (["run", "trigger-ramp", "--set", "stop_bias=5 vlot", *RUN], "stop_bias"),
    "no number": (["run", "trigger-ramp", "--set", "stop_bias=six", *RUN], "stop_bias"),
    "not finite": (["run", "trigger-ramp", "--set", "stop_bias=nan", *RUN], "stop_bias"),
    "out of range": (["run", "trigger-ramp", "--set", "stop_bias=-60 V", *RUN], "from -10 V to 10 V"),
    "not whole": (["run", "trigger-map", "--set", "nx=2.5", *RUN], "a whole number from 1 to"),
    "no choice": (["run", "trigger-map", "--set", "aim=here", *RUN], "choose grid or sites"),
    "no places": (["run", "trigger-map", "--set", "points=here", *RUN], 'write "x,y; x,y" in metres'),
    "contradiction": (["run", "trigger-ramp", "--set", "trip_current=50 nA", *RUN], "must lie below compliance"),
    "out of reach": (
        ["run", "trigger-ramp", "--set", "x=1 mm", *RUN],
        "x = '1 mm' is not allowed|beyond the bench's limit",
    ),
    "no out": (["run", "trigger-ramp"], "--out RUN.zarr is missing"),
    "no bench": (["run", "trigger-ramp", "--bench", "nope.toml", *RUN], "bench 'nope.toml': no such file"),
    "no plan": (["run", "--from", "nope.toml", *RUN], "plan nope.toml: cannot be read (No such file"),
    "no run": (["show", "nope.zarr"], "nope.zarr does not exist"),
    "no run to resume": (["resume", "nope.zarr"], "nope.zarr does not exist"),
    "folder that is no run": (
        ["show", "."],
        "is no run: a run is a folder with Zarr metadata of layout nanoprobe-run/1",
    ),
    "folder to resume": (["resume", "."], "is no run"),
    "unknown sample": (["demo", "--sample", "glass", "--out", "d"], "'glass' is not one of 'bare', 'ppc'"),
    "unknown bench to check": (["bench", "check", "--bench", "dmeo"], "there are: demo|did you mean 'demo'?"),
    "no bench for the app": (["gui", "--bench", "nope.toml"], "bench 'nope.toml': no such file"),
    "unknown bench to make safe": (["safe", "--bench", "nope.toml"], "no such file"),
    "traffic chosen but not asked for": (["show", "r.zarr", "--instrument", "probe"], "add --wire"),
    "report of another kind": (["analyze", "r.zarr", "--report", "r.txt"], "r.txt: a report is written as .html"),
    "notebook of another kind": (["analyze", "r.zarr", "--notebook", "n.txt"], "a notebook is written as .ipynb"),
    "report: no folder": (["analyze", "r.zarr", "--report", "no/r.html"], "no/r.html: its folder does not exist"),
    "places: no folder": ([*WEAKNESS, "--picks", "no/p.csv"], "no/p.csv: its folder does not exist"),
    "places: none": ([*WEAKNESS, "--count", "0"], "--count"),
    "places: fewer than none": ([*WEAKNESS, "--count", "-4"], "--count"),
    "prediction: no setting": ([*WEAKNESS, "--set", "fim=1"], "did you mean 'film'?"),
    "prediction: negative film": ([*WEAKNESS, "--set", "film=-1"], "film is -1; it must be 0 or more"),
    "prediction: no stiffness": ([*WEAKNESS, "--set", "modulus=0"], "modulus is 0; it must be positive"),
    "prediction: not finite": ([*WEAKNESS, "--set", "core=nan"], "core is nan; it must be positive, and finite"),
    "prediction: all soft": ([*WEAKNESS, "--set", "softening=1"], "must be 0 or more and less than 1"),
    "chart: no folder": (["simulate", "coating", "--chart", "no/c.png"], "no/c.png: its folder does not exist"),
    "case: tolerance": (["simulate", "flux", "--case", "disk", "--tolerance", "-1"], "--tolerance"),
    "case: none to set": (["simulate", "flux", "--set", "radius=1 nm"], "name it with --case"),
    "case: not a number": (["simulate", "flux", "--case", "disk", "--set", "radius=nan"], "radius is not a number"),
    "simulator: unknown option": (["sim", "serve", "--nope"], "unrecognized arguments: --nope"),
    "simulator: pace": (["sim", "serve", "--pace", "-1"], "-1 is not between 0 and 1e6"),
    "simulator: no folder": (
        ["sim", "serve", "--truth-file", "none/t.jsonl"],
        "No such file or directory: none/t.jsonl",
    ),
}


@pytest.mark.parametrize(("arguments", "words"), CASES.values(), ids=CASES)
def test_bad_input_gets_one_clear_line_and_status_2(arguments, words, tmp_path, monkeypatch, nanoprobe):
    monkeypatch.chdir(tmp_path)
    said = nanoprobe(*arguments)
    assert said.status == 2
    assert any(word in said.line for word in words.split("|"))
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(platform.system() != "Linux", reason="elsewhere there is always a display")
def test_the_app_without_a_display_is_refused_with_what_to_do(monkeypatch, nanoprobe):
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    said = nanoprobe("gui", "--bench", "demo")
    assert said.status == 2
    assert "gui: there is no display to open a window on" in said.line
    assert "start it from a desktop session, or log in with `ssh -X`" in said.line


@pytest.mark.parametrize(
    ("content", "words"),
    [
        pytest.param("procedure = 'trigger-ramp'\nstep = 1", "'step' is unknown", id="unknown key"),
        pytest.param(
            "procedure = 'trigger-ramp'\n[parameters]\nstep = 1", "no parameter 'step'", id="unknown parameter"
        ),
        pytest.param("procedure = trigger", "no valid TOML", id="no TOML"),
        pytest.param("procedure = 'trigger-ramp'\n[parameters]\nrate = '1 A'", "wrong unit: ampere", id="wrong unit"),
    ],
)
def test_a_bad_plan_is_named(content, words, tmp_path, nanoprobe):
    plan = tmp_path / "plan.toml"
    plan.write_text(content, encoding="utf-8")
    said = nanoprobe("run", "--from", str(plan), "--out", str(tmp_path / "r.zarr"))
    assert said.status == 2
    assert words in said.line
    assert [path.name for path in tmp_path.iterdir()] == ["plan.toml"]


def refused(nanoprobe: Any, lab: Any, bench: str, out: Path, *more: str, procedure: str = "trigger-ramp") -> Any:
    """Run on `bench`; nothing may have been created, moved or biased. Return what was said."""
    said = nanoprobe("run", procedure, "--bench", bench, *more, "--out", str(out))
    assert not out.exists()
    assert touched(lab) == []
    assert len(said.err.splitlines()) == 1, said.err
    return said


BENCHES = {
    "limit with a typo": ("slew_rate =", "slew_rte =", "'limits.slew_rte' is unknown; did you mean 'slew_rate'?"),
    "wiring with a typo": ("series_resistance", "series_resistence", "did you mean 'series_resistance'?"),
    "option with a typo": ("abort_resource", "abort_resorce", "did you mean 'abort_resource'?"),
    "role with a typo": ("[instruments.probe]", "[instruments.prob]", "did you mean 'probe'?"),
    "driver with a typo": ('"keithley2450"', '"keithly2450"', "did you mean 'keithley2450'?"),
    "driver of another role": ('"keithley2450"', '"nanonis"', "driver 'nanonis' is a probe, not a source_meter"),
    "wrong side": ('"sample"', '"smaple"', "bench.wiring.bias_applied_to"),
    "limit below 0": ("force = 1e-6", "force = -1e-6", "'limits.force'"),
    "text for a number": ("force = 1e-6", "force = 'much'", "'limits.force'"),
    "no TOML": ("[limits]", "[limits", "no valid TOML"),
}


@pytest.mark.parametrize(("old", "new", "words"), BENCHES.values(), ids=BENCHES)
def test_a_bad_bench_file_is_named_with_key_and_remedy(old, new, words, lab, tmp_path, nanoprobe):
    said = refused(nanoprobe, lab, edited(lab, old, new), tmp_path / "r.zarr")
    assert said.status == 2
    assert "bench file" in said.line
    assert "edited.toml" in said.line
    assert words in said.line


ENVELOPE = {
    "bias": ("bias = 10.0", "bias = 5.0", "trigger-ramp", "-6 V is beyond the bench's limit of 5 V ([limits] bias)"),
    "force": ("force = 1e-6", "force = 1e-8", "trigger-ramp", "50 nN is beyond the bench's limit of 10 nN"),
    "current": ("current = 1e-6", "current = 1e-9", "trigger-ramp", "10 nA is beyond the bench's limit of 1 nA"),
    "place": ("scan_range = 10e-6", "scan_range = 3e-6", "trigger-map", "beyond the bench's limit of 3 µm"),
    "slew": (
        "slew_rate = 100.0",
        "slew_rate = 0.1",
        "trigger-ramp",
        "500 mV/s is beyond the bench's limit of 100 mV/s",
    ),
    "charge": ("charge = 100e-9", "charge = 1e-12", "trigger-ramp", "beyond the bench's limit of 1 pC"),
}


@pytest.mark.parametrize(("old", "new", "procedure", "words"), ENVELOPE.values(), ids=ENVELOPE)
def test_a_plan_outside_the_envelope_is_refused_before_anything_moves(
    old, new, procedure, words, lab, tmp_path, nanoprobe
):
    said = refused(nanoprobe, lab, edited(lab, old, new), tmp_path / "r.zarr", procedure=procedure)
    assert said.status == 2
    assert words in said.line


def test_a_trip_level_the_instrument_cannot_judge_is_refused(lab_starter, tmp_path, nanoprobe):
    lab = lab_starter(bias_source="probe")
    more = ("--set", "trip_current=99 nA", "--set", "compliance=100 nA", "--set", "rate=10 V/s")
    said = refused(nanoprobe, lab, str(lab.bench_file), tmp_path / "r.zarr", *more)
    assert said.status == 2
    assert "trip current 99 nA cannot be judged by the probe: it reads from" in said.line


@pytest.mark.parametrize("instrument", [0, 1], ids=["source-meter", "controller"])
def test_an_instrument_that_is_not_there_is_status_4(instrument, lab, tmp_path, nanoprobe):
    bench = edited(lab, f"::{lab.lab.ports[instrument]}::SOCKET", "::1::SOCKET")
    said = refused(nanoprobe, lab, bench, tmp_path / "r.zarr")
    assert said.status == 4
    assert "TCPIP0::127.0.0.1::1::SOCKET" in said.line
    assert "check that it is switched on" in said.line


class OtherModel(socketserver.StreamRequestHandler):
    """Answers `*IDN?` and `*LANG?` as its server was told, and nothing else."""

    server: Any

    def handle(self) -> None:
        for line in self.rfile:
            command = line.decode().strip()
            if command in self.server.answers:
                self.wfile.write(self.server.answers[command].encode() + b"\n")


@pytest.fixture
def other_model() -> Iterator[Callable[[dict[str, str]], int]]:
    """Start an instrument that gives the wanted answers; return its port."""
    servers: list[socketserver.ThreadingTCPServer] = []

    def start(answers: dict[str, str]) -> int:
        server: Any = socketserver.ThreadingTCPServer(("127.0.0.1", 0), OtherModel)
        server.answers = answers
        servers.append(server)
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return int(server.server_address[1])

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


THE_2450 = "KEITHLEY INSTRUMENTS,MODEL 2450,01234567,1.7.12b"
STRANGERS = {
    "a 2400": ("keithley2450", {"*IDN?": "KEITHLEY INSTRUMENTS INC.,MODEL 2400,1,C32"}, "MODEL 2400"),
    "a 2461": ("keithley2450", {"*IDN?": THE_2450.replace("2450", "2461"), "*LANG?": "SCPI"}, "MODEL 2461"),
    "a 2450 in TSP": ("keithley2450", {"*IDN?": THE_2450, "*LANG?": "TSP"}, "speaks TSP, not SCPI; choose MENU"),
    "a 2450 as a 2400": ("keithley2450", {"*IDN?": THE_2450, "*LANG?": "SCPI2400"}, "speaks SCPI2400, not SCPI"),
    "a 2400 for PyMeasure's driver": ("pymeasure2450", {"*IDN?": "KEITHLEY,MODEL 2400,1,C32"}, "MODEL 2400"),
}


@pytest.mark.parametrize(("driver", "answers", "words"), STRANGERS.values(), ids=STRANGERS)
def test_another_model_or_command_set_is_status_4(driver, answers, words, lab, other_model, tmp_path, nanoprobe):
    port = other_model(answers)
    bench = edited(lab, f'::{lab.lab.ports[0]}::SOCKET"\npoll_interval = 0\n', f'::{port}::SOCKET"\n')
    path = Path(bench)
    path.write_text(path.read_text(encoding="utf-8").replace('"keithley2450"', f'"{driver}"'), encoding="utf-8")
    said = refused(nanoprobe, lab, bench, tmp_path / "r.zarr")
    assert said.status == 4
    assert words in said.line
    assert f"::{port}::SOCKET" in said.line


def test_a_source_meter_at_the_controllers_address_is_status_4(lab, tmp_path, nanoprobe):
    source_meter, probe = lab.lab.ports[:2]
    bench = Path(edited(lab, f"::{source_meter}::SOCKET", f"::{probe}::SOCKET"))
    bench.write_text(bench.read_text(encoding="utf-8").replace("poll_interval = 0\n", "timeout = 0.3\n", 1))
    said = nanoprobe("run", "trigger-ramp", "--bench", str(bench), "--out", str(tmp_path / "r.zarr"))
    assert said.status == 4
    verdict = said.err.splitlines()[-1]  # the log tells of the repetition before
    assert f"no Keithley 2450 answers at TCPIP0::127.0.0.1::{probe}::SOCKET" in verdict
    assert not (tmp_path / "r.zarr").exists()
    assert touched(lab) == []


def test_an_earlier_map_that_is_none_is_refused_before_anything_moves(lab, tmp_path, nanoprobe):
    more = ("--set", f"map_run={tmp_path / 'none.zarr'}")
    said = refused(nanoprobe, lab, str(lab.bench_file), tmp_path / "r.zarr", *more, procedure="trigger-map")
    assert said.status == 2
    assert "none.zarr does not exist" in said.line


@pytest.mark.parametrize("command", ["show", "resume"])
def test_a_file_that_is_no_run_is_named(command, tmp_path, nanoprobe):
    other = tmp_path / "r.zarr"
    other.write_bytes(b"\x89HDF\r\n")
    said = nanoprobe(command, str(other))
    assert said.status == 2
    assert f"{other} is no run" in said.line


def test_a_zarr_store_of_somebody_else_is_named(tmp_path, nanoprobe):
    other = tmp_path / "r.zarr"
    other.mkdir()
    (other / "zarr.json").write_text(json.dumps({"zarr_format": 3, "node_type": "group", "attributes": {}}))
    said = nanoprobe("show", str(other))
    assert said.status == 2
    assert "is no run" in said.line
