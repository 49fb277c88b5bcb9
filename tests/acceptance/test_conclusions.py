"""What the report says of the demo's samples is what the world made them: boundaries weaker, the coating stronger."""

import pytest

from nanoprobe import Plan
from nanoprobe.analysis.comparison import compare_runs
from nanoprobe.analysis.many_runs import analyse_all
from nanoprobe.analysis.report import Results, write_report
from nanoprobe.cli.demo import MAP
from nanoprobe.engine import execute


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_report_on_bare_and_coated_states_the_right_conclusions_with_their_evidence(lab_starter, tmp_path):
    paths = []
    for sample in ("bare", "ppc"):
        lab = lab_starter(sample=sample, seed=0)
        plan = Plan(procedure="trigger-map", bench=str(lab.bench_file), sample=sample, parameters=MAP)
        outcome = execute(plan, tmp_path / f"{sample}.zarr")
        assert outcome.status == "finished", outcome.error
        paths.append(str(outcome.path))
    runs = analyse_all(paths)
    bare = " ".join(runs[0].findings.concluded)
    assert "Boundary against interior: boundary triggers at a lower voltage, ratio of scales 0." in bare
    compared = compare_runs(runs)
    whole = next(one for one in compared.details.comparisons if one.site == "all")
    assert whole.effect.scales.low > 1.3
    assert whole.effect.medians.low > 1.3, "free of any distribution, most coated points being censored"
    assert whole.p_adjusted < 0.01
    assert "ppc against bare (all): ppc triggers at a higher voltage, ratio of scales 1." in " ".join(
        compared.concluded
    )
    text = write_report(Results(runs, compared, 0), tmp_path / "r.html").read_text("utf-8")
    assert "SIMULATED: no real sample" in text
    assert text.count("<svg") == 7
