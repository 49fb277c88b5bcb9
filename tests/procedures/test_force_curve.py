"""Force curves, modulus maps and drift on the simulated lab, against what its world knows."""

import math

import numpy as np
import pytest

from nanoprobe import Plan, open_run
from nanoprobe.analysis.run_result import analyse_run
from nanoprobe.control import RunControl
from nanoprobe.engine import execute, resume
from nanoprobe.errors import BadInput, ContactLost
from nanoprobe.events import Events, Held, Recorded
from nanoprobe.records import RampDone
from sim_instruments.drift import DriftSettings
from sim_instruments.force_law import contact_force, snap_in_height
from sim_instruments.nanonis.controller import ControllerSettings
from sim_instruments.surface import PAD_CENTRE

NO_DRIFT = DriftSettings(rate=0.0, walk=0.0)
PAD = {"x": PAD_CENTRE, "y": PAD_CENTRE}


def run(lab, tmp_path, procedure, name="run.zarr", **parameters):
    return execute(Plan(procedure=procedure, bench=str(lab.bench_file), parameters=parameters), tmp_path / name)


def true_modulus(lab, x, y):
    """Young's modulus (Pa) that the tip feels at a scanner place, drift switched off."""
    mechanics = lab.lab.world._mechanics
    surface = mechanics.surface
    return surface.stiffness(x, y, surface.edges(x, y), mechanics.boundary_width())


@pytest.mark.parametrize("sample", ["bare", "ppc"])
def test_modulus_and_adhesion_of_the_sample_lie_within_what_is_reported(lab_starter, tmp_path, sample):
    lab = lab_starter(sample=sample, drift=NO_DRIFT, seed=2)
    expected = {"expected_modulus": 1e9} if sample == "ppc" else {}
    outcome = run(lab, tmp_path, "force-curve", curves=12, **expected)
    assert outcome.status == "finished", outcome.error
    with open_run(outcome.path) as found:
        curves = found.tables["curves"].load()
    truth, pull = true_modulus(lab, 0.0, 0.0), lab.lab.world._mechanics.adhesion()
    inside = (curves["modulus_low"] <= truth) & (truth <= curves["modulus_high"])
    assert int(inside.sum()) >= 11
    off = np.abs(curves["adhesion"] - pull) / curves["adhesion_error"]
    assert int((off < 2.5).sum()) >= 11
    assert curves.sizes["z"] == 500
    assert float(curves["force_in"].max()) == pytest.approx(200e-9, rel=0.1)


def test_a_miscalibrated_lever_is_calibrated_on_the_stiff_chip_and_by_its_noise(lab_starter, tmp_path):
    lab = lab_starter(spring_constant=3.0, controller=ControllerSettings(spring_constant=3.0), drift=NO_DRIFT)
    wrong = lab.bench_file.read_text().replace("deflection_sensitivity = 5e-08", "deflection_sensitivity = 5.6e-08")
    lab.bench_file.write_text(wrong.replace("spring_constant = 3", "spring_constant = 3.4"))
    outcome = run(lab, tmp_path, "force-curve", calibrate="both", curves=3, **PAD)
    assert outcome.status == "finished", outcome.error
    with open_run(outcome.path) as found:
        row, notes = found.tables["calibration"].load().isel(calibration=0), found.notes
    for name, truth in (("deflection_sensitivity", 50e-9), ("spring_constant", 3.0)):
        assert abs(float(row[name]) - truth) < 2.5 * float(row[f"{name}_error"]), name
        assert float(row[f"{name}_error"]) < 0.06 * truth
    assert any(note.startswith("write deflection_sensitivity = ") for note in notes)


def test_a_modulus_map_is_an_image_whose_intervals_hold_the_world(lab_starter, tmp_path):
    lab = lab_starter(drift=NO_DRIFT, seed=4)
    outcome = run(lab, tmp_path, "modulus-map", pixels=6, size=2e-6, image_every=0, rate=2.0)
    assert outcome.status == "finished", outcome.error
    with open_run(outcome.path) as found:
        frame, curves, committed = found.frames[0].load(), found.tables["curves"].load(), found.points_committed
    assert committed == 36
    assert (frame["line_state"] == 1).all()
    truth = np.array([true_modulus(lab, x, y) for x, y in zip(curves["x"].values, curves["y"].values, strict=True)])
    low, high = (frame[name].values[1].ravel() for name in ("modulus_low", "modulus_high"))
    assert np.mean((low <= truth) & (truth <= high)) >= 0.9
    assert frame["modulus"].attrs["units"] == "Pa"
    assert np.allclose(frame["adhesion"].values[1].ravel(), curves["adhesion"], rtol=1e-5, atol=1e-12)


def stopped_at(count, control):
    """Events that abort the run after so many points."""
    events, seen = Events(), []

    def look(event):
        if isinstance(event, Recorded) and isinstance(event.record, RampDone):
            seen.append(event.record.point)
            if len(seen) == count:
                control.abort()

    events.event.connect(look)
    return events


def test_an_aborted_modulus_map_leaves_the_tip_up_and_goes_on_at_the_next_point(lab_starter, tmp_path):
    lab = lab_starter(drift=NO_DRIFT)
    plan = Plan(procedure="modulus-map", bench=str(lab.bench_file), parameters={"pixels": 4, "image_every": 0})
    control = RunControl()
    outcome = execute(plan, tmp_path / "run.zarr", stopped_at(6, control), control)
    assert outcome.status == "aborted"
    assert not lab.lab.world.tip.in_contact
    assert lab.lab.controller.z.position > 1e-6
    outcome = resume(tmp_path / "run.zarr")
    assert outcome.status == "finished", outcome.error
    with open_run(outcome.path) as found:
        points, frame = found.tables["curves"]["point"].values, found.frames[0].load()
    assert points.tolist() == list(range(16))
    assert np.isfinite(frame["height"].values).all()


def test_an_abort_in_the_middle_of_a_curve_ends_it_at_once_with_the_tip_up(lab_starter, tmp_path):
    lab = lab_starter(pace=20.0)
    control = RunControl()
    events = Events()
    events.event.connect(lambda event: control.abort() if getattr(event, "topic", "") == "table" else None)
    plan = Plan(procedure="force-curve", bench=str(lab.bench_file), parameters={"rate": 0.01})
    outcome = execute(plan, tmp_path / "run.zarr", events, control)
    assert outcome.status == "aborted"
    assert not lab.lab.world.tip.in_contact


def test_a_calibration_that_was_cut_short_is_not_resumed(lab_starter, tmp_path):
    lab = lab_starter(drift=NO_DRIFT)
    control, events = RunControl(), Events()
    events.event.connect(lambda event: control.abort() if getattr(event, "topic", "") == "rows" else None)
    parameters = {"calibrate": "both", "curves": 3, **PAD}
    plan = Plan(procedure="force-curve", bench=str(lab.bench_file), parameters=parameters)
    assert execute(plan, tmp_path / "run.zarr", events, control).status == "aborted"
    before = lab.lab.timeline.now
    with pytest.raises(BadInput, match="a calibration is not resumed: start a new run"):
        resume(tmp_path / "run.zarr")
    assert lab.lab.timeline.now == before


def test_a_tip_that_breaks_under_the_force_ends_the_run_and_says_so(lab_starter, tmp_path):
    lab = lab_starter(drift=NO_DRIFT)
    outcome = run(lab, tmp_path, "force-curve", peak_force=900e-9, **PAD)
    assert outcome.status == "failed"
    assert isinstance(outcome.error, ContactLost)
    assert "the tip gave way" in str(outcome.error)
    assert "stay below with peak_force" in str(outcome.error)


def refusal(lab, tmp_path, **parameters):
    """Why a force curve was refused: before the run, or by the controller at its beginning."""
    try:
        return str(run(lab, tmp_path, "force-curve", **parameters).error)
    except BadInput as error:
        return str(error)


@pytest.mark.parametrize(
    ("parameters", "text"),
    [
        pytest.param(
            {"peak_force": 20e-9}, "peak_force 20 nN must lie above force 50 nN", id="peak below the setpoint"
        ),
        pytest.param({"peak_force": 2e-6}, "is beyond the bench's limit of 1 µN", id="beyond the bench"),
        pytest.param({"samples": 10}, "samples = 10 is not allowed", id="too few samples"),
        pytest.param({"ramp": 4.9e-6, "rate": 10.0}, "out of reach", id="beyond the piezo"),
    ],
)
def test_a_curve_that_cannot_be_is_refused(lab_starter, tmp_path, parameters, text):
    lab = lab_starter()
    assert text in refusal(lab, tmp_path, **parameters)


def test_a_contact_check_sees_the_tip_jump_into_contact(lab_starter, tmp_path):
    lab = lab_starter(
        sample="ppc", spring_constant=3.0, controller=ControllerSettings(spring_constant=3.0), drift=NO_DRIFT
    )
    outcome = run(lab, tmp_path, "contact-check")
    assert outcome.status == "finished", outcome.error
    with open_run(outcome.path) as found:
        snap_in = float(found.checks["snap_in"][0])
    mechanics = lab.lab.world._mechanics
    pull = mechanics.adhesion()
    truth = contact_force(-snap_in_height(3.0, pull), 3.0, mechanics.tip.radius, mechanics.reduced, pull)
    assert snap_in == pytest.approx(truth, rel=0.15)


@pytest.mark.parametrize("procedure", ["force-curve", "modulus-map"])
def test_an_uncalibrated_lever_is_refused_before_anything_is_made(lab_starter, tmp_path, procedure):
    lab = lab_starter()
    lines = [line for line in lab.bench_file.read_text().splitlines() if not line.startswith("spring_constant")]
    lab.bench_file.write_text("\n".join(lines))
    with pytest.raises(BadInput, match=r"not calibrated in newtons: give deflection_sensitivity"):
        run(lab, tmp_path, procedure)
    assert not (tmp_path / "run.zarr").exists()


def test_a_lever_too_soft_for_the_modulus_asked_is_refused_with_the_numbers(lab_starter, tmp_path):
    lab = lab_starter(spring_constant=3.0, controller=ControllerSettings(spring_constant=3.0))
    with pytest.raises(
        BadInput, match=r"a lever of 3 N/m is too soft for a modulus of 150 GPa: .* take a lever of 20.6 N/m"
    ):
        run(lab, tmp_path, "modulus-map")
    assert run(lab, tmp_path, "modulus-map", pixels=2, image_every=0, expected_modulus=1e9).status == "finished"


def test_the_drift_velocity_is_the_worlds_and_is_fed_forward(lab_starter, tmp_path):
    lab = lab_starter(drift=DriftSettings(rate=10e-9 / 60.0, walk=0.0), seed=3)
    outcome = run(lab, tmp_path, "drift-correct", images=4, image_line_rate=4.0, interval=120.0)
    assert outcome.status == "finished", outcome.error
    with open_run(outcome.path) as found:
        last = found.tables["drift"].load().isel(image=-1)
    direction = lab.lab.world._mechanics.drift._direction
    for name, part in (("rate_x", direction[0]), ("rate_y", direction[1])):
        assert abs(float(last[name]) - part * 10e-9 / 60.0) < 2.5 * float(last["rate_error"]), name
    assert float(last["rate_error"]) < 0.2 * 10e-9 / 60.0
    assert float(last["confidence"]) > 0.5
    before = lab.lab.world._mechanics.sample_place(lab.lab.timeline.now)
    compensation = lab.lab.controller.motion.compensation
    lab.call(lambda: lab.lab.timeline.advance(lab.lab.timeline.now + 600.0))
    after = lab.lab.world._mechanics.sample_place(lab.lab.timeline.now)
    assert compensation != lab.lab.controller.motion.compensation
    # 100 nm of drift in ten minutes; what is left is the velocity's error.
    assert math.dist(before, after) < 20e-9


def test_images_that_do_not_match_end_a_drift_run_for_a_person_to_look(lab_starter, tmp_path):
    lab = lab_starter(drift=DriftSettings(rate=300e-9 / 60.0, walk=0.0))
    outcome = run(lab, tmp_path, "drift-correct", image_pixels=32, image_line_rate=8.0, interval=300.0)
    assert outcome.status == "failed"
    assert "matches the first one with only" in str(outcome.error)


def test_where_somebody_is_there_a_bad_match_holds_the_run_until_it_goes_on(lab_starter, tmp_path):
    lab = lab_starter(drift=DriftSettings(rate=300e-9 / 60.0, walk=0.0))
    control, events, problems = RunControl(attended=True), Events(), []

    def go_on(event):
        if isinstance(event, Held):
            problems.append(event.problem)
            assert control.paused
            control.resume()

    events.event.connect(go_on)
    parameters = {"image_pixels": 32, "image_line_rate": 8.0, "interval": 300.0, "images": 2, "feed_forward": False}
    plan = Plan(procedure="drift-correct", bench=str(lab.bench_file), parameters=parameters)
    outcome = execute(plan, tmp_path / "run.zarr", events, control)
    assert outcome.status == "finished", outcome.error
    assert "matches the first one with only" in problems[0]
    with open_run(outcome.path) as stored:
        assert any(note.startswith("held: ") for note in stored.notes)
        assert "went on: somebody has looked" in stored.notes


def test_analyze_tells_modulus_adhesion_and_drift_with_their_intervals(lab_starter, tmp_path):
    lab = lab_starter(drift=DriftSettings(rate=10e-9 / 60.0, walk=0.0), seed=3)
    run(lab, tmp_path, "modulus-map", "moduli.zarr", pixels=3, size=1e-6, image_every=0)
    run(lab, tmp_path, "drift-correct", "drift.zarr", images=3, image_pixels=64, image_line_rate=8.0)
    moduli, drift = (found(tmp_path / name) for name in ("moduli.zarr", "drift.zarr"))
    assert moduli.numbers["modulus"].low < 150e9 < moduli.numbers["modulus"].high
    assert moduli.numbers["adhesion"].low < lab.lab.world._mechanics.adhesion() < moduli.numbers["adhesion"].high
    assert [part.title for part in moduli.parts] == ["Force curves", "Maps"]
    assert "n = 9" in moduli.concluded[0]
    part = lab.lab.world._mechanics.drift._direction[0]
    assert drift.numbers["drift_rate_x"].low < part * 10e-9 / 60.0 < drift.numbers["drift_rate_x"].high
    for one in (*moduli.parts, *drift.parts):
        assert one.figure(True).axes


def found(path):
    with open_run(path) as stored:
        return analyse_run(stored).findings
