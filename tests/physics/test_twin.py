"""The prediction against the digital twin: it sees measured maps only, and the twin's triggers come from its own fields."""

import json

import numpy as np
import pytest

from nanoprobe import Plan, open_run
from nanoprobe.analysis.measured_fields import modulus_map
from nanoprobe.cli.app import _status
from nanoprobe.engine import execute
from nanoprobe.errors import BadInput
from nanoprobe.geometry import Frame
from sim_instruments.drift import DriftSettings
from sim_instruments.nanonis.controller import ControllerSettings
from sim_instruments.trigger import Knobs

NEAR = ControllerSettings(coarse_gap=2e-6)
SEED = 1
STILL = DriftSettings(rate=0.0, walk=0.0)
"""The points are picked on an earlier map and are not looked for again: that is what `map_run` of a trigger map is for."""
NEITHER = Knobs(leakage=0.0, softness=0.0)


@pytest.fixture
def typed(monkeypatch, capsys):
    def run(*words: object) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["nanoprobe", *map(str, words)])
        status = _status()
        return (status, *capsys.readouterr())

    return run


def measured(lab, procedure: str, path, **parameters: object):
    outcome = execute(Plan(procedure=procedure, bench=str(lab.bench_file), parameters=parameters), path)
    assert outcome.status == "finished", outcome.error
    return outcome.path


@pytest.mark.timeout(400)
@pytest.mark.parametrize("seed", [1, *(pytest.param(seed, marks=pytest.mark.slow) for seed in (2, 3))])
def test_the_predicted_map_goes_with_the_triggers_of_a_twin_whose_mechanisms_act_and_not_of_one_without(
    seed, lab_starter, tmp_path, typed
):
    acting = lab_starter(seed=seed, physics="fem", controller=NEAR, drift=STILL)
    still = lab_starter(seed=seed, physics="fem", controller=NEAR, drift=STILL, knobs=NEITHER)
    current_map = measured(acting, "current-map", tmp_path / "map.zarr", size=6e-6, pixels=208)
    picks, found = tmp_path / "picks.csv", {}
    predicted = tmp_path / "predicted.zarr"
    status, out, err = typed("simulate", "weakness", current_map, "--out", predicted, "--picks", picks)
    assert (status, "no triggers to hold it against yet" in out) == (0, True), err
    for name, lab in (("acting", acting), ("still", still)):
        run = measured(lab, "trigger-map", tmp_path / f"{name}.zarr", points=str(picks), image_every=0)
        line = ("weakness", predicted, "--triggers", run, "--out", tmp_path / f"{name}-prediction.zarr", "--json")
        status, out, err = typed("simulate", *line)
        assert status == 0, err
        found[name] = json.loads(out)["correlation"]["rho"]
    assert found["acting"]["low"] > 0
    assert found["still"]["low"] < 0 < found["still"]["high"]
    with open_run(tmp_path / "acting-prediction.zarr") as stored:
        assert stored.header.extra["correlation"]["rho"] == found["acting"]
        assert stored.tables["held_against"].sizes["point"] == 40
        assert stored.frames[0]["predicted_trigger"].attrs["units"] == "V"
        assert stored.frames[0]["predicted_trigger"].shape == (2, 208, 208)


def test_a_prediction_without_a_map_is_refused_and_nothing_is_written(lab, tmp_path, typed):
    run = measured(lab, "trigger-map", tmp_path / "run.zarr", nx=1, ny=1)
    status, _, err = typed("simulate", "weakness", run, "--out", tmp_path / "prediction.zarr")
    assert status == 2
    assert "holds no current map: take one with `nanoprobe run current-map`" in err
    assert not (tmp_path / "prediction.zarr").exists()
    with open_run(run) as found, pytest.raises(BadInput, match="holds no modulus map"):
        modulus_map(found, Frame(x=0, y=0, width=1e-6, height=1e-6), (4, 4))
    status, _, err = typed("simulate", "weakness", run, "--out", tmp_path / "p.zarr", "--set", "fim=1")
    assert (status, "no setting 'fim'; did you mean 'film'?" in err) == (2, True)


def test_a_place_on_a_boundary_leaks_and_yields_by_its_fields_and_one_in_a_grain_does_not():
    from sim_instruments.site_fields import SiteFields
    from sim_instruments.surface import SurfaceSettings, make_surface

    surface = make_surface(SurfaceSettings(seed=SEED))
    places = np.random.default_rng(0).random((3000, 2)) * surface.settings.side
    edges = surface.grains.boundaries(*places.T)
    on = np.flatnonzero((edges.distance < 5e-9) & (edges.misorientation > 0.8))[0]
    off = np.flatnonzero(edges.distance > 300e-9)[0]
    fields = SiteFields(surface)
    boundary, interior = (fields.seen(*places[i], surface.site(*places[i])) for i in (on, off))
    assert boundary.leakage > 1e3
    assert boundary.softness < 0.92
    assert interior.leakage == pytest.approx(1.0, abs=0.8)
    assert interior.softness == pytest.approx(1.0, abs=0.1)
    assert boundary.boundary == interior.boundary == 0.0
