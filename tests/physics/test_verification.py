"""The named cases against their closed formulas. The table of docs/reference/verification.md is the same on finer meshes."""

import pytest

from nanoprobe.physics.cases import CASES, run_case
from nanoprobe.physics.verification import Row, verify

QUICK = {
    "slab": (1000, 1e-12),
    "brick": (1000, 1e-12),
    "network": (1000, 1e-12),
    "grain": (2000, 4e-3),
    "column": (2000, 1e-4),
    "disk": (2000, 1e-4),
    "disk-on-layer": (2500, 3e-4),
    "uniform-disk": (2000, 5e-5),
    "film-disk": (2000, 0.0),
    "kinetic-disk": (2000, 0.0),
    "hemisphere": (1100, 3e-6),
    "filament": (2000, 3e-5),
    "protrusion": (3000, 5e-3),
    "void": (3000, 5e-3),
    "slit": (3000, 5e-3),
    "inclusion": (2000, 4e-3),
    "fibre": (2000, 1e-4),
    "hole": (5000, 5e-3),
    "ellipse": (5000, 1e-2),
    "cavity": (5000, 1e-3),
    "pressurised-cavity": (5000, 2e-3),
    "pressurised-bore": (5000, 1e-4),
    "misfit": (3000, 1e-4),
    "crack": (7000, 2e-3),
    "penny-crack": (7000, 2e-3),
    "hertz": (12000, 5e-3),
    "manufactured": (1100, 1e-5),
    "manufactured-block": (800, 5e-3),
}
"""Case to unknowns allowed and the relative error reached with them."""


@pytest.mark.parametrize("name", QUICK)
def test_a_case_agrees_with_its_formula(name):
    dofs, error = QUICK[name]
    found = run_case(CASES[name], {}, dofs)
    assert found.dofs <= dofs
    assert abs(found.error) <= error


def test_every_case_is_verified_here_and_all_seventeen_formulas_have_one():
    assert QUICK.keys() == CASES.keys()
    assert {case.number for case in CASES.values()} == set(range(1, 18))


def test_the_disc_is_within_1e_5_with_five_thousand_unknowns():
    found = run_case(CASES["disk"], {"radius": "5 nm", "conductivity": 0.046}, 5000)
    assert found.dofs <= 5000
    assert found.values["resistance"] == pytest.approx(1 / (4 * 0.046 * 5e-9), rel=1e-5)
    assert found.values["centre_density"] == pytest.approx(0.5, rel=1e-2)


@pytest.mark.parametrize("name", ["disk", "uniform-disk", "hemisphere", "filament"])
def test_the_estimated_error_bounds_the_true_one_and_is_of_its_size(name):
    found = run_case(CASES[name], {}, 2000)
    assert abs(found.error) <= found.estimated_error <= 20 * abs(found.error)


@pytest.mark.parametrize(("name", "least"), [("disk", 2.0), ("hemisphere", 1.8), ("manufactured", 1.4), ("void", 0.8)])
def test_the_error_falls_with_the_order_of_the_elements(name, least):
    case = CASES[name]
    assert Row(case, tuple(case.levels(case.values({}), 3000))).order > least


@pytest.mark.parametrize("name", [case.name for case in CASES.values() if case.kind == "flux" and case.number < 17])
def test_what_flows_in_flows_out(name):
    assert run_case(CASES[name], {}, 1200).values["imbalance"] < 1e-8


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_whole_table_of_the_docs_can_be_made():
    assert {row.case.name for row in verify(20_000)} == CASES.keys()
