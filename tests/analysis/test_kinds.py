"""The seam: each kind of run brings its own analysis, found by its procedure's name."""

from types import SimpleNamespace

import numpy as np
import pytest
import xarray as xr

from nanoprobe import plugins
from nanoprobe.analysis import weakness_run as predicted
from nanoprobe.analysis.comparison import compare_runs
from nanoprobe.analysis.estimate import Estimate, unknown
from nanoprobe.analysis.findings import Findings, Table
from nanoprobe.analysis.kind import Choices, choose, kind_of
from nanoprobe.analysis.provenance import Provenance
from nanoprobe.analysis.ratio import ratio_of
from nanoprobe.analysis.report import Results, write_report
from nanoprobe.analysis.run_result import RunResult
from nanoprobe.errors import BadInput
from nanoprobe.interchange import importing as imported

ORIGIN = Provenance(
    path="a.zarr", status="finished", procedure="cell", sample="LLZO", operator="", simulated=True, started="", ended="",
    bench="", instruments={}, tip={}, versions={}, plan_sha256="", sign_convention="", parameters={}, trigger_test={},
)  # fmt: skip


def estimate(value, spread=1.1):
    return Estimate(value=value, low=value / spread, high=value * spread, unit="A/m2", method="profile likelihood")


def result(name, kind="cell", **numbers):
    table = Table(title="Steps", headings=("step", "current"), rows=(("1", "2 A"),), brief=(0, 1))
    found = Findings(numbers=numbers, concluded=(f"{name} was seen.",), parts=(table,), methods={"x": "by hand"})
    return RunResult(name=name, kind=kind, findings=found, provenance=ORIGIN, chosen={})


def test_every_analysis_is_of_a_procedure_that_exists():
    computed = {imported.PROCEDURE, predicted.PROCEDURE}
    assert plugins.find("analyses").keys() - computed <= plugins.find("procedures").keys()
    for name in plugins.find("analyses"):
        assert issubclass(kind_of(name).choices, Choices)


def test_a_run_without_an_analysis_names_those_there_are():
    with pytest.raises(BadInput, match=r"runs of 'contact-polish' have no analysis; there is one for: .*trigger-map"):
        kind_of("contact-polish")


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"levle": "1 nA"}, "analysis of a trigger map has no setting 'levle'; did you mean 'level'?"),
        ({"level": "1 V"}, "wrong unit"),
        ({"level": "-1 nA"}, "'level': Input should be greater than 0"),
        ({"slope_samples": "2.5"}, "'slope_samples': Input should be a valid integer"),
    ],
    ids=["unknown", "unit", "range", "no whole number"],
)
def test_a_setting_that_cannot_be_is_refused(given, words):
    with pytest.raises(BadInput, match=words.replace("?", r"\?")):
        choose(kind_of("trigger-map"), given)


def test_settings_are_read_with_their_units():
    assert choose(kind_of("trigger-map"), {"level": "0.5 nA", "slope_samples": "3"}).model_dump(exclude_none=True) == {
        "level": 0.5e-9,
        "slope_samples": 3,
    }


def test_headline_numbers_stand_at_the_top_level_with_their_intervals():
    data = Results([result("a", critical_current_density=estimate(18.0, 1.2))], None, 0).data()
    assert data["critical_current_density"] == 18.0
    assert data["critical_current_density_interval"] == [15.0, 21.599999999999998]
    assert data["critical_current_density_unit"] == "A/m2"


def test_a_number_that_is_not_known_is_null():
    data = Results([result("a", slope=unknown("1", "fit", "one point"))], None, 0).data()
    assert data["slope"] is None
    assert data["slope_interval"] == [None, None]


def test_a_number_of_several_runs_stands_with_each_of_them():
    runs = [result("a", ccd=estimate(1.0), asr=estimate(4.0)), result("b", ccd=estimate(2.0))]
    data = Results(runs, compare_runs(runs), 0).data()
    assert "ccd" not in data
    assert data["asr"] == 4.0
    assert [run["numbers"]["ccd"] for run in data["runs"]] == [1.0, 2.0]


@pytest.mark.parametrize("name", ["runs", "Slope", "slope_interval", "a b"])
def test_a_name_that_json_could_not_hold_is_refused(name):
    with pytest.raises(ValueError, match="cannot be called"):
        result("a", **{name: estimate(1.0)})


def test_runs_of_any_kind_are_compared_number_by_number_with_correction():
    numbers = [{"ccd": estimate(1.0), "asr": estimate(3.0)}, {"ccd": estimate(2.0), "asr": estimate(3.1)}]
    runs = [result(name, **values) for name, values in zip("ab", numbers, strict=True)]
    compared = compare_runs(runs)
    ccd, asr = compared.details["comparisons"]
    assert ccd.p_adjusted == pytest.approx(2 * ccd.p_value)
    assert "Ccd, b against a: higher (ratio 2.00 (1.75 to 2.29)" in " ".join(compared.concluded)
    assert asr.p_adjusted > 0.05


def test_runs_of_different_kinds_are_not_compared():
    runs = [result("a", ccd=estimate(1.0)), result("b", "growth", ccd=estimate(2.0))]
    assert compare_runs(runs).concluded == (
        "The runs are of different kinds (cell, growth): each is analysed alone, nothing is compared.",
    )


def test_the_interval_of_a_ratio_covers_the_truth_and_its_test_keeps_its_level():
    rng = np.random.default_rng(0)
    first, second = np.exp(rng.normal(0.0, 0.1, 4000)), np.exp(rng.normal(0.0, 0.2, 4000))
    ratios = [
        ratio_of(estimate(a, np.exp(1.96 * 0.1)), estimate(b, np.exp(1.96 * 0.2)))
        for a, b in zip(first, second, strict=True)
    ]
    assert np.mean([one.low <= 1 <= one.high for one, _ in ratios]) == pytest.approx(0.95, abs=0.012)
    assert np.mean([p <= 0.05 for _, p in ratios]) == pytest.approx(0.05, abs=0.012)


def test_a_ratio_to_what_is_not_known_is_not_known():
    ratio, p = ratio_of(estimate(1.0), unknown("A/m2", "fit", "no failure"))
    assert ratio.text == "not known: one of them has no interval above 0"
    assert np.isnan(p)


def test_the_report_shows_any_kind(tmp_path):
    runs = [result("a", ccd=estimate(1.0)), result("b", ccd=estimate(2.0))]
    text = write_report(Results(runs, compare_runs(runs), 0), tmp_path / "r.html").read_text("utf-8")
    for words in ("a: cell", "a was seen.", "1.00 A/m2 (0.91 to 1.10 A/m2)", "profile likelihood", "by hand", "Steps"):
        assert words in text


def test_the_example_of_the_how_to_analyses_a_run(tmp_path):
    from tests.docs.test_code_blocks import ROOT, blocks

    names: dict = {}
    for _, text in blocks(ROOT / "docs" / "how-to" / "add-an-analysis.md", "python"):
        exec(text, names)
    checks = xr.Dataset({"contact_resistance": ("check", [1e9, 1.2e9, 0.9e9, 1e16])})
    found = names["KIND"].analyse(SimpleNamespace(checks=checks), names["ContactChoices"](), 0)
    assert "n = 3" in found.concluded[0]
    assert found.parts[0].figure(simulated=True).get_suptitle() == "SIMULATED: no real sample"
    with pytest.raises(BadInput, match="0 contact checks"):
        names["KIND"].analyse(SimpleNamespace(checks=checks), names["ContactChoices"](highest=1.0), 0)
