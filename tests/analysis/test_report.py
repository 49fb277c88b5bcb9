"""From runs to a report: what is concluded, what is refused, and what the file holds."""

import json
import re
import shlex
import sys
from dataclasses import dataclass, replace

import numpy as np
import pytest
import xarray as xr

from nanoprobe import Plan, open_run
from nanoprobe.analysis.breakdown import analyse
from nanoprobe.analysis.comparison import compare_runs
from nanoprobe.analysis.of_run import judge_again, map_image, values_at, verdicts_of
from nanoprobe.analysis.provenance import Provenance, stored_settings
from nanoprobe.analysis.report import Results, write_report
from nanoprobe.analysis.run_result import RunResult
from nanoprobe.analysis.sites import Site
from nanoprobe.analysis.trigger_map import findings_of
from nanoprobe.cli.app import _status
from nanoprobe.engine import execute
from nanoprobe.errors import BadInput, StorageError
from nanoprobe.records import PointState

NAN = float("nan")
STATES = {"done": PointState.DONE, "failed": PointState.FAILED}
ORIGIN = Provenance(
    path="a.zarr", status="finished", procedure="trigger-map", sample="<b>LLZO</b> & co", operator="o", simulated=True,
    started="2026-01-01", ended="", bench="demo", instruments={}, tip={"coating": "PtIr"}, versions={}, plan_sha256="0",
    sign_convention="plating negative", parameters={"rate": 0.5}, trigger_test={},
)  # fmt: skip


@dataclass(frozen=True)
class MadeRun:
    points: xr.Dataset
    ramps: xr.Dataset
    frames: tuple = ()
    simulated: bool = True


def made(voltage, end=6.0, kinds=None, state=None):
    """A run whose points trigger at `voltage` (V), or not up to `end`."""
    voltage = np.asarray(voltage, dtype=float)
    hit = voltage < end
    columns = {
        "x": np.zeros(len(voltage)),
        "y": np.zeros(len(voltage)),
        "state": np.full(len(voltage), PointState.DONE) if state is None else np.asarray(state),
        "triggered": hit.astype(float),
        "trigger_last_below": np.where(hit, -voltage, NAN),
        "trigger_first_above": np.where(hit, -voltage - 0.01, NAN),
        "censored_at": np.where(hit, NAN, -end),
    }
    if kinds is not None:
        columns["site"] = np.asarray(kinds)
    points = xr.Dataset({name: ("point", values) for name, values in columns.items()})
    return MadeRun(points, xr.Dataset({"n_samples": ("point", np.zeros(len(voltage), dtype=int))}))


def weibull(points, scale, seed=0):
    return scale * np.random.default_rng(seed).weibull(6.0, points)


def two_kinds():
    kinds = [Site.INTERIOR] * 40 + [Site.BOUNDARY] * 25
    return made(np.concatenate([weibull(40, 4.0), weibull(25, 2.8, 1)]), kinds=kinds)


def result(run, name="bare", **changes) -> RunResult:
    findings = findings_of(analyse(run), "")
    findings = replace(findings, parts=findings.parts[:-1])  # the picture is drawn from a stored run
    return RunResult(name=name, kind="trigger map", findings=findings, provenance=replace(ORIGIN, **changes), chosen={})


def said(sentences, words):
    return any(words in sentence for sentence in sentences)


def test_weaker_boundaries_are_concluded_with_their_evidence():
    found = result(two_kinds())
    sentence = next(one for one in found.findings.concluded if one.startswith("Boundary against interior"))
    assert "boundary triggers at a lower voltage, ratio of scales 0." in sentence
    assert "(p = 0.001 after Holm)" in sentence


@pytest.mark.parametrize(
    ("run", "words"),
    [
        (made(np.full(12, 9.0)), "none of 12 points triggered. The share that triggered up to 6 V is 0.00 (0.00 to 0.26)"),
        (made([3.0]), "one of 1 points triggered"),
        (made([3.0, 4.0], state=[PointState.FAILED, PointState.INTERRUPTED]), "no finished point, nothing can be concluded"),
        (made([NAN, NAN]), "All points: no Weibull distribution"),
        (made(weibull(8, 3.0)), "with fewer than 20 the interval may cover less than 95 %"),
        (made(np.concatenate([weibull(9, 5.0), np.full(50, 9.0)])), "it rests on the Weibull form"),
    ],
    ids=["all censored", "one point", "failed and interrupted", "NaN bias", "few failures", "extrapolated"],
)  # fmt: skip
def test_poor_runs_say_what_can_and_cannot_be_concluded(run, words, tmp_path):
    if np.isnan(run.points["censored_at"].values).all() and np.isnan(run.points["trigger_last_below"].values).all():
        run.points["triggered"][:] = 1
    found = result(run)
    assert said(found.findings.concluded, words), found.findings.concluded
    results = Results([found], None, 0)
    json.dumps(results.data(), allow_nan=False)
    assert write_report(results, tmp_path / "r.html").stat().st_size > 5000


def test_run_without_points_is_refused():
    with pytest.raises(BadInput, match="no points in this run"):
        analyse(made([]))


def test_the_report_is_one_file_without_network_with_escaped_text_and_the_simulated_mark(tmp_path):
    bare, coated = (
        result(two_kinds(), "<i>bare</i>"),
        result(made(weibull(40, 5.5)), "coated", parameters={"rate": 1.0}),
    )
    results = Results([bare, coated], compare_runs([bare, coated]), 0)
    text = write_report(results, tmp_path / "r.html").read_text("utf-8")
    assert "default-src 'none'" in text
    assert "<script" not in text
    assert not re.findall(r"(?:src|href)=\"(?!#|data:)[^\"]*\"", text)
    assert "<i>bare" not in text
    assert "&lt;b&gt;LLZO&lt;/b&gt; &amp; co" in text
    assert text.count("<svg") == 3
    assert "SIMULATED: no real sample" in text
    assert "Likelihood ratio of a distribution for each class" in text
    assert "These settings differ between the runs and may explain a difference: rate." in text


def test_runs_are_compared_with_effect_sizes_and_correction():
    runs = [result(made(weibull(40, scale, seed)), f"{seed}") for seed, scale in enumerate((4.0, 4.0, 3.0))]
    compared = compare_runs(runs)
    same, weaker = compared.details.comparisons
    assert (same.second, weaker.second) == ("1", "2")
    assert weaker.effect.scales.high < 1
    assert weaker.p_adjusted == pytest.approx(2 * weaker.test.p_value)
    assert compared.details.overall.degrees == 4
    assert said(compared.concluded, "no difference shown")
    assert compare_runs(runs[:1]) is None


def test_simulated_against_measured_is_cautioned():
    runs = [result(made(weibull(20, 4.0)), "a"), result(made(weibull(20, 4.0, 1)), "b", simulated=False)]
    assert said(compare_runs(runs).concluded, "no conclusion on a real sample follows")


def test_same_run_gives_same_numbers():
    first, again = (Results([result(two_kinds())], None, 0).data() for _ in range(2))
    assert first == again


@pytest.mark.parametrize(
    ("name", "words"),
    [("r.pdf", "a report is written as"), ("missing/r.html", "its folder does not exist"), ("d.html", "is a folder")],
    ids=["ending", "no folder", "a folder"],
)
def test_place_of_the_report_is_checked(name, words, tmp_path):
    (tmp_path / "d.html").mkdir()
    with pytest.raises(BadInput, match=words):
        write_report(Results([], None, 0), tmp_path / name)


def test_full_disk_leaves_the_old_report(tmp_path, monkeypatch):
    target = tmp_path / "r.html"
    target.write_text("old")
    monkeypatch.setattr("tempfile.mkstemp", lambda **_: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    with pytest.raises(StorageError, match="could not be written: No space left"):
        write_report(Results([result(two_kinds())], None, 0), target)
    assert target.read_text() == "old"


def test_current_of_the_map_is_looked_up_where_the_point_lies(make_polycrystal):
    sample = make_polycrystal(pixels=64, side=10e-6, seed=3)
    f = sample.frame
    attrs = {"centre_x": f.x, "centre_y": f.y, "width": f.width, "height_of_frame": f.height, "angle": f.angle}
    frame = xr.Dataset({"current": (("direction", "y", "x"), np.stack([sample.current] * 2))}, attrs=attrs)
    image = map_image(replace(made([3.0]), frames=(frame,)))
    found = values_at(image, "current", np.array([[f.x + f.width / 128, f.y + f.height / 128], [1.0, 1.0]]))
    assert found[0] == pytest.approx(abs(sample.current[31:34, 31:34].mean()))
    assert np.isnan(found[1])
    assert np.isnan(values_at(None, "current", np.zeros((1, 2)))).all()


@pytest.fixture(scope="module")
def ramped(tmp_path_factory):
    from tests.conftest import start_lab

    folder = tmp_path_factory.mktemp("ramped")
    lab = start_lab(folder / "lab", sample="bare", seed=1)
    parameters = {"nx": 4, "ny": 2, "image_every": 0}
    plan = Plan(procedure="trigger-map", bench=str(lab.bench_file), sample="LLZO", parameters=parameters)
    outcome = execute(plan, folder / "run.zarr")
    lab.stop()
    assert outcome.status == "finished", outcome.error
    return outcome.path


def test_judging_again_with_the_same_test_gives_the_stored_verdicts(ramped):
    with open_run(ramped) as run:
        again, stored = judge_again(run, stored_settings(run), block=3), verdicts_of(run.points)
    for name in ("triggered", "last_below", "first_above", "censored_at"):
        np.testing.assert_array_equal(getattr(again, name), getattr(stored, name))


def test_judging_again_with_another_level_moves_the_verdicts(ramped):
    with open_run(ramped) as run:
        settings = stored_settings(run)
        lower = judge_again(run, replace(settings, level=settings.level / 20))
        never = judge_again(run, replace(settings, level=1.0))
        stored = verdicts_of(run.points)
    assert not never.hit.any()
    both = lower.hit & stored.hit
    assert (lower.voltage[both] <= stored.voltage[both] + 1e-9).all()
    assert analyse(run, verdicts=never).classes[-1].share_triggered.value == 0


def command(arguments, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["nanoprobe", "analyze", *map(str, arguments)])
    return _status()


def test_command_prints_tables_and_what_to_type_for_the_report(ramped, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert command([ramped, "--set", "level=0.5 nA"], monkeypatch) == 0
    shown = capsys.readouterr().out
    assert "SIMULATED" in shown
    program, verb, *arguments = shlex.split(shown.rsplit("next: ", 1)[1])
    assert (program, verb) == ("nanoprobe", "analyze")
    assert command(arguments, monkeypatch) == 0
    shown = capsys.readouterr().out
    assert f"report: {ramped.stem}.html" in shown
    assert "next: " not in shown
    text = (tmp_path / f"{ramped.stem}.html").read_text("utf-8")
    assert len(text) > 20_000
    assert "Analysed with other settings than it was measured with" in text


def test_command_prints_nothing_but_json(ramped, monkeypatch, capsys):
    assert command([ramped, "--json"], monkeypatch) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["schema"] == "nanoprobe-analysis/1"
    assert shown["simulated"] is True
    assert shown["runs"][0]["provenance"]["trigger_test"]["series_resistance"] == 1e7


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nope.zarr"], "does not exist"),
        (["."], "is no run"),
        (["RUN", "RUN"], "named twice"),
        (["RUN", "--report", "r.txt"], "written as .html"),
    ],
    ids=["no run", "a folder", "twice", "ending"],
)
def test_command_refuses_bad_input_in_one_line(arguments, words, ramped, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert command([ramped if one == "RUN" else one for one in arguments], monkeypatch) == 2
    said_there = capsys.readouterr().err.strip()
    assert words in said_there.replace("\n", " ")
    assert "Traceback" not in said_there
    assert not list(tmp_path.iterdir())


def test_a_run_that_was_interrupted_or_whose_map_is_half_scanned_is_answered(tmp_path):
    run = made(weibull(12, 3.0), state=[PointState.DONE] * 6 + [PointState.PLANNED] * 6)
    found = result(run, status="interrupted")
    assert said(found.findings.concluded, "All points: 6 triggered points give scale")
    assert said(found.findings.concluded, "no current map that shows the grain boundaries")
    text = write_report(Results([found], None, 0), tmp_path / "r.html").read_text("utf-8")
    assert "This run is interrupted: what was not yet measured is missing." in text


def test_no_number_is_ever_told_without_its_interval():
    for run in (
        two_kinds(),
        made([3.0]),
        made(np.full(12, 9.0)),
        made(np.concatenate([weibull(9, 5.0), np.full(50, 9.0)])),
    ):
        data = Results([result(run)], None, 0).data()
        for name in result(run).findings.numbers:
            low, high = data[f"{name}_interval"]
            assert data[name] is None or low is not None or high is not None, name
