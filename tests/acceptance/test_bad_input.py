"""Bad input on the command line: one clear line, the exit status of the design, nothing created."""

import json
import sys
from pathlib import Path

import pytest

from nanoprobe.cli.app import _status

CASES = {
    "unknown procedure": (["run", "triger-map", "--out", "r.zarr"], 2, "did you mean 'trigger-map'?"),
    "unknown parameter": (
        ["run", "trigger-ramp", "--set", "trip_curent=1 nA", "--out", "r.zarr"],
        2,
        "did you mean 'trip_current'?",
    ),
    "wrong unit": (["run", "trigger-ramp", "--set", "stop_bias=5 s", "--out", "r.zarr"], 2, "wrong unit: second"),
    "out of range": (["run", "trigger-ramp", "--set", "stop_bias=-60 V", "--out", "r.zarr"], 2, "from -10 V to 10 V"),
    "no out": (["run", "trigger-ramp"], 2, "--out RUN.zarr is missing"),
    "no bench": (["run", "trigger-ramp", "--bench", "nope.toml", "--out", "r.zarr"], 2, "no such file"),
    "no plan": (["run", "--from", "nope.toml", "--out", "r.zarr"], 2, "cannot be read"),
    "no run": (["show", "nope.zarr"], 2, "does not exist"),
    "not a run": (["show", "."], 2, "is no run"),
}


def run(arguments: list[str], monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(sys, "argv", ["nanoprobe", *arguments])
    return _status()


@pytest.mark.parametrize(("arguments", "status", "words"), CASES.values(), ids=CASES)
def test_bad_input_gets_one_clear_line(arguments, status, words, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert run(arguments, monkeypatch) == status
    said = capsys.readouterr().err.strip()
    assert words in said
    assert "Traceback" not in said
    assert not list(tmp_path.iterdir())


def edited(bench_file: Path, old: str, new: str) -> str:
    text = bench_file.read_text()
    assert old in text
    bench_file.write_text(text.replace(old, new))
    return str(bench_file)


def test_a_typo_in_the_bench_file_names_key_and_remedy(lab, tmp_path, monkeypatch, capsys):
    bench = edited(lab.bench_file, "slew_rate =", "slew_rte =")
    assert run(["bench", "check", "--bench", bench], monkeypatch) == 2
    assert "'limits.slew_rte' is unknown; did you mean 'slew_rate'?" in capsys.readouterr().err


def test_a_value_beyond_the_envelope_moves_and_biases_nothing(lab, tmp_path, monkeypatch, capsys):
    bench = edited(lab.bench_file, "bias = 10.0", "bias = 5.0")
    out = tmp_path / "r.zarr"
    assert run(["run", "trigger-ramp", "--bench", bench, "--out", str(out)], monkeypatch) == 2
    assert "6 V is beyond the bench's limit of 5 V" in capsys.readouterr().err.replace("-6", "6")
    assert not out.exists()
    assert not lab.lab.world.tip.in_contact


def test_an_instrument_that_is_not_there_is_status_4_and_leaves_nothing(lab, tmp_path, monkeypatch, capsys):
    bench = edited(lab.bench_file, f"::{lab.lab.ports[0]}::SOCKET", "::1::SOCKET")
    out = tmp_path / "r.zarr"
    assert run(["run", "trigger-ramp", "--bench", bench, "--out", str(out)], monkeypatch) == 4
    assert "TCPIP0::127.0.0.1::1::SOCKET" in capsys.readouterr().err
    assert not out.exists()


def test_an_existing_output_is_never_touched(lab, tmp_path, monkeypatch, capsys):
    (tmp_path / "r.zarr").mkdir()
    arguments = ["run", "trigger-ramp", "--bench", str(lab.bench_file), "--out", str(tmp_path / "r.zarr")]
    assert run(arguments, monkeypatch) == 2
    assert "exists already" in capsys.readouterr().err
    assert not list((tmp_path / "r.zarr").iterdir())


def test_show_as_json_has_status_and_counts_on_top(lab, tmp_path, monkeypatch, capsys):
    out = str(tmp_path / "r.zarr")
    assert run(["run", "trigger-ramp", "--bench", str(lab.bench_file), "--out", out], monkeypatch) == 0
    capsys.readouterr()
    run(["show", out, "--json"], monkeypatch)
    shown = json.loads(capsys.readouterr().out)
    assert (shown["status"], shown["points_planned"], shown["points_committed"]) == ("finished", 1, 1)
