"""Points picked on a map: of this run, or of an earlier one that is found again first."""

import re

import numpy as np
import pytest

from nanoprobe.analysis.sites import Site, find_sites
from nanoprobe.errors import BadInput, ContactLost
from nanoprobe.guard import COMPUTING
from nanoprobe.records import Note
from nanoprobe.storage import RunHeader, RunWriter
from procedures.current_map import CurrentMap
from procedures.earlier_map import read_earlier_map
from procedures.trigger_map import TriggerMap

MAP = {"size": 4e-6, "pixels": 192, "line_rate": 20.0, "channels": "height,current"}
QUICK = {"check_every": 0, "image_every": 0, "image_pixels": 64, "image_line_rate": 20.0}
HEADER = RunHeader(
    procedure="current-map",
    parameters={},
    plan={},
    plan_sha256="",
    bench={},
    simulated=True,
    identities={},
    versions={},
    sample="",
    operator="",
    tip={},
    sign_convention="",
    started="2026-01-01T00:00:00+00:00",
)


@pytest.fixture
def map_run(lab, engine, tmp_path):
    """An earlier run with a current map of 4 um."""
    engine.run(CurrentMap(**MAP), lab)
    with RunWriter.create(tmp_path / "map.zarr", HEADER) as writer:
        for topic, record in engine.emitted:
            if topic in ("frame", "line"):
                writer.record(record)
        writer.record(Note("taken for a test"))
        writer.finish("finished")
    engine.emitted.clear()
    return str(tmp_path / "map.zarr")


def test_an_earlier_map_is_read_back_as_it_was_taken(map_run):
    earlier = read_earlier_map(map_run)
    assert (earlier.frame.width, earlier.height.shape) == (4e-6, (192, 192))
    cut = earlier.cut(earlier.frame, 192)
    assert np.allclose(cut, earlier.height)


def test_points_move_with_the_sample_that_has_moved_since_their_map(lab, engine, probe, map_run):
    probe.drift, probe.clock = np.array([100e-9, -60e-9]), 1.0
    probe.scan = still(probe)
    engine.run(TriggerMap(nx=2, ny=1, map_run=map_run, **QUICK), lab)
    assert {frame.purpose for frame in engine.of("frame")} == {"patch"}
    for begin in engine.of("point"):
        assert begin.drift_x == pytest.approx(100e-9, abs=5e-9)
        assert begin.drift_y == pytest.approx(-60e-9, abs=5e-9)
        assert begin.drift_confidence > 0.5
    layout = engine.of("layout")[0]
    assert layout.x.tolist() == pytest.approx([-0.5e-6, 0.5e-6])
    assert engine.of("point")[0].x == pytest.approx(-0.4e-6, abs=5e-9)


def still(probe):
    """Scan without letting time pass: the sample has moved, and rests."""
    scan, clock = probe.scan, probe.clock

    def wrapped(plan, on_line, watch):
        def held(line):
            probe.clock = clock
            on_line(line)

        scan(plan, held, watch)

    return wrapped


def test_a_patch_without_features_is_refused_and_nothing_is_ramped(lab, engine, source, probe, map_run):
    probe.flat = True
    with pytest.raises(ContactLost, match=r"cannot be found again: it matches the earlier image with \d+ % confidence"):
        engine.run(TriggerMap(nx=2, ny=1, map_run=map_run, **QUICK), lab)
    assert "ramp" not in source.log


def test_points_outside_the_earlier_map_are_refused(lab, engine, source, map_run):
    with pytest.raises(BadInput, match="some points lie outside the map of"):
        engine.run(TriggerMap(nx=6, ny=1, map_run=map_run, **QUICK), lab)
    assert "ramp" not in source.log


def test_a_run_without_a_map_is_refused_by_name(lab, engine, tmp_path):
    with RunWriter.create(tmp_path / "none.zarr", HEADER) as writer:
        writer.finish("finished")
    with pytest.raises(BadInput, match=r"none.zarr holds no complete map with a height channel"):
        engine.run(TriggerMap(nx=1, ny=1, map_run=str(tmp_path / "none.zarr"), **QUICK), lab)


def test_sites_are_taken_in_turn_each_in_its_own_cell(lab, engine, map_run):
    engine.run(TriggerMap(nx=3, ny=3, pitch=1.2e-6, map_run=map_run, aim="sites", **QUICK), lab)
    layout = engine.of("layout")[0]
    places = np.column_stack([layout.x, layout.y])
    nodes = TriggerMap(nx=3, ny=3, pitch=1.2e-6).planned()
    assert (np.abs(places - nodes) <= 0.6e-6 + 1e-9).all()
    earlier = read_earlier_map(map_run)
    kinds = find_sites(earlier.current, earlier.frame, earlier.height).classify(places)
    assert (kinds == Site.INTERIOR).sum() >= 3
    assert (kinds != Site.INTERIOR).sum() >= 3
    (words,) = [note.text for note in engine.of("note") if note.text.startswith("points aimed at: ")]
    assert re.fullmatch(r"points aimed at: \d triple junction, [3-6] interior, \d boundary, 0 unknown", words)


def test_time_is_leased_from_the_guard_before_the_map_is_segmented(lab, engine, map_run):
    lab.guard = Leases()
    engine.run(TriggerMap(nx=2, ny=1, pitch=1.2e-6, map_run=map_run, aim="sites", **QUICK), lab)
    assert COMPUTING in lab.guard.taken


class Leases:
    def __init__(self) -> None:
        self.taken: list[float] = []

    def lease(self, seconds: float) -> None:
        self.taken.append(seconds)


def test_a_map_first_comes_before_the_first_ramp_and_lies_over_the_grid(lab, engine):
    small = {"map_pixels": 64, "map_line_rate": 20.0, "map_channels": "height,current"}
    engine.run(TriggerMap(nx=2, ny=2, map_first=True, **small, **{**QUICK, "image_every": 3}), lab)
    assert [frame.purpose for frame in engine.of("frame")] == ["drift", "map", "drift", "drift"]
    frame = engine.of("frame")[1].plan.frame
    assert (frame.x, frame.y, frame.width) == pytest.approx((0, 0, 2e-6))
    topics = [topic for topic, _ in engine.emitted]
    assert topics.index("layout") > topics.index("line")


def test_a_resumed_map_keeps_the_places_it_had_laid_out(lab, engine):
    procedure = TriggerMap(nx=2, ny=1, aim="sites", **QUICK)
    procedure.done_points = frozenset({0})
    procedure.laid_points = np.array([[1e-7, 2e-7], [3e-7, 4e-7]])
    engine.run(procedure, lab)
    assert [(begin.x, begin.y) for begin in engine.of("point")] == [(3e-7, 4e-7)]
    assert engine.of("frame") == []
