"""What scripts read: `--json` prints one JSON document and nothing else."""

import json

import pytest


def parsed(said) -> object:
    assert said.status == 0
    assert said.err == ""

    def refuse(word: str) -> object:
        raise AssertionError(f"{word} is no JSON")

    return json.loads(said.out, parse_constant=refuse)


def test_show_has_status_and_counts_on_top(lab, tmp_path, nanoprobe):
    out = str(tmp_path / "r.zarr")
    arguments = ("--set", "points=0,0; 1e-6,0", "--set", "image_every=0", "--set", "sample=pellet 7")
    assert nanoprobe("run", "trigger-map", "--bench", str(lab.bench_file), *arguments, "--out", out).status == 0
    shown = parsed(nanoprobe("show", out, "--json"))
    assert (shown["status"], shown["points_planned"], shown["points_committed"]) == ("finished", 2, 2)
    assert (shown["sample"], shown["simulated"]) == ("pellet 7", True)
    said = nanoprobe("show", out)
    assert said.status == 0
    assert "SIMULATED" in said.out
    assert said.out.endswith(f"next: nanoprobe analyze {out}\n")
    again = nanoprobe("resume", out)
    assert again.status == 0
    assert "finished" in again.out


def test_procedures_say_units_ranges_and_defaults(nanoprobe):
    found = parsed(nanoprobe("procedures", "--json"))
    assert {"contact-check", "current-map", "trigger-ramp", "trigger-map"} <= found.keys()
    for each in found.values():
        assert all(parameter["description"] for parameter in each["parameters"])
    (stop,) = [one for one in found["trigger-ramp"]["parameters"] if one["name"] == "stop_bias"]
    assert (stop["unit"], stop["default"], stop["minimum"], stop["maximum"]) == ("V", -6.0, -10.0, 10.0)


def test_drivers_say_role_and_options(nanoprobe):
    found = parsed(nanoprobe("drivers", "--json"))
    assert {"keithley2450", "nanonis", "pymeasure2450"} <= found.keys()


@pytest.mark.parametrize("bias_source", ["source_meter", "probe"])
def test_bench_check_identifies_every_instrument(bias_source, lab_starter, nanoprobe):
    lab = lab_starter(bias_source=bias_source)
    found = parsed(nanoprobe("bench", "check", "--bench", str(lab.bench_file), "--json"))
    assert "MODEL 2450" in found["instruments"]["source_meter"]
    assert "Nanonis" in found["instruments"]["probe"]
    assert found["simulated"] is True
