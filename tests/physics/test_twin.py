"""The prediction against the digital twin: it sees measured maps only, and the twin's triggers come from its own fields."""

import json

import numpy as np
import pytest
from scipy.stats import spearmanr

from nanoprobe import Plan, open_run
from nanoprobe.analysis.measured_fields import modulus_map
from nanoprobe.analysis.of_run import Image, values_at
from nanoprobe.analysis.weakness_run import stored_weakness
from nanoprobe.cli.app import _status
from nanoprobe.engine import execute
from nanoprobe.errors import BadInput
from nanoprobe.geometry import Frame
from sim_instruments.drift import DriftSettings
from sim_instruments.nanonis.controller import ControllerSettings
from sim_instruments.surface import CORE_WIDTH
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
    assert f"places: {picks} (40 of 40)" in err
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
    report = tmp_path / "report.html"
    status, out, err = typed("analyze", tmp_path / "acting-prediction.zarr", "--report", report, "--json")
    assert status == 0, err
    told = json.loads(out)
    assert told["rank_correlation"] == found["acting"]["value"]
    assert told["rank_correlation_interval"] == [found["acting"]["low"], found["acting"]["high"]]
    assert told["runs"][0]["details"]["made_from"]["map"] == str(current_map)
    assert "the interval excludes 0: it triggers first where it was said to" in told["runs"][0]["concluded"][0]
    assert report.read_text("utf-8").count("<figure>") == 2
    status, out, _ = typed("analyze", predicted, "--json")
    told = json.loads(out)
    assert (status, told["rank_correlation"]) == (0, None)
    assert "Nothing measured is held against this prediction yet" in told["runs"][0]["concluded"][0]
    status, _, err = typed("simulate", "weakness", predicted, "--out", tmp_path / "p.zarr", "--set", "softening=0")
    assert (status, "is a prediction already" in err, str(current_map) in err) == (2, True, True)


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_measured_modulus_map_says_where_energy_is_stored(lab_starter, tmp_path, typed):
    """The map of moduli is smaller than the current map: beyond it, conducting boundaries are taken as softer."""
    lab = lab_starter(seed=SEED, controller=NEAR, drift=STILL)
    current_map = measured(lab, "current-map", tmp_path / "map.zarr", pixels=96, size=3e-6)
    curves = {"rate": 0.5, "peak_force": 0.8e-6, "sensitivity_error": 0.003, "image_every": 0}
    modulus = measured(lab, "modulus-map", tmp_path / "modulus.zarr", pixels=12, size=1.2e-6, **curves)
    with open_run(modulus) as run:
        places = np.column_stack([run.points[axis].values for axis in "xy"])
    goes_with = {}
    for name, more in (("assumed", ()), ("measured", ("--modulus", modulus))):
        predicted = tmp_path / f"{name}.zarr"
        status, _, err = typed("simulate", "weakness", current_map, "--out", predicted, *more)
        assert status == 0, err
        with open_run(predicted) as run:
            assert run.header.extra["made_from"]["modulus"] == (str(modulus) if more else None)
            weakness = stored_weakness(run)
        stored = values_at(Image(weakness.frame, weakness.energy, None), "current", places)
        goes_with[name] = spearmanr(stored, [true_modulus(lab, *place) for place in places.tolist()]).statistic
    assert goes_with["measured"] < -0.6
    assert goes_with["measured"] < goes_with["assumed"] - 0.2


def true_modulus(lab, x: float, y: float) -> float:
    surface = lab.lab.world.surface
    return surface.stiffness(x, y, surface.edges(x, y), CORE_WIDTH)


def test_a_prediction_without_a_map_is_refused_and_nothing_is_written(lab, tmp_path, typed):
    run = measured(lab, "trigger-map", tmp_path / "run.zarr", nx=1, ny=1)
    bare = measured(lab, "current-map", tmp_path / "bare.zarr", pixels=16)
    given = ("--out", tmp_path / "prediction.zarr", "--triggers", bare)
    status, _, err = typed("simulate", "weakness", run, *given)
    assert (status, "bare.zarr holds no measured triggers" in err) == (2, True)
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
