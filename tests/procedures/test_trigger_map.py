import numpy as np
import pytest

from nanoprobe.errors import Aborted, BadInput, ContactLost, Interlocked
from nanoprobe.geometry import Order
from nanoprobe.records import PointState
from nanoprobe.wiring import Wiring
from procedures.trigger_map import TriggerMap

BARE = {"nx": 3, "ny": 2, "check_every": 0, "image_every": 0}
IMAGED = {"image_pixels": 64, "image_line_rate": 10.0}


def visited(engine):
    return [begin.index for begin in engine.of("point")]


def test_every_point_of_the_grid_is_ramped_once_in_serpentine_order(lab, engine):
    engine.run(TriggerMap(**BARE), lab)
    assert visited(engine) == [0, 1, 2, 5, 4, 3]
    (layout,) = engine.of("layout")
    assert layout.shape == (2, 3)
    assert layout.samples == 606
    assert len(engine.of("ramp")) == len(engine.of("results")) == 6
    assert engine.of("progress")[-1] == 100.0


def test_a_shuffled_order_is_the_same_for_the_same_seed(lab, engine):
    procedure = TriggerMap(**BARE, order=Order.SHUFFLED, order_seed=3)
    engine.run(procedure, lab)
    assert visited(engine) == TriggerMap(**BARE, order="shuffled", order_seed=3).visits()
    assert sorted(visited(engine)) == list(range(6))


@pytest.mark.parametrize(
    "given",
    [
        pytest.param("1e-6,2e-6; -1e-6,0", id="typed"),
        pytest.param([[1e-6, 2e-6], [-1e-6, 0]], id="list"),
        pytest.param("[[1e-6, 2e-6], [-1e-6, 0]]", id="JSON text"),
        pytest.param("places.csv", id="CSV file"),
        pytest.param("places.json", id="JSON file"),
    ],
)
def test_a_list_of_places_is_taken_however_it_is_given(lab, engine, probe, given, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "places.csv").write_text("# picked by hand\nx,y\n1e-6,2e-6\n-1e-6,0\n")
    (tmp_path / "places.json").write_text("[[1e-6, 2e-6], [-1e-6, 0]]")
    engine.run(TriggerMap(points=given, check_every=0, image_every=0), lab)
    assert [(begin.x, begin.y) for begin in engine.of("point")] == [(1e-6, 2e-6), (-1e-6, 0.0)]
    assert engine.of("layout")[0].shape is None


@pytest.mark.parametrize(
    ("given", "text"),
    [
        pytest.param("here and there", "'here and there' is no list of places; write", id="words"),
        pytest.param("1,2,3", "is no list of places", id="three numbers"),
        pytest.param([[0, float("nan")]], "every place needs two finite numbers", id="nan"),
        pytest.param("missing.csv", "places cannot be read from missing.csv: No such file", id="no file"),
        pytest.param(7, "7 is no list of places", id="a number"),
    ],
)
def test_what_is_no_list_of_places_is_refused(given, text):
    with pytest.raises(BadInput) as caught:
        TriggerMap(points=given)
    assert text in str(caught.value)


def test_between_points_output_is_off_and_the_tip_is_lifted_moved_and_landed(lab, engine, probe):
    engine.run(TriggerMap(**BARE), lab)
    assert probe.log.count("lift") == probe.log.count("move") == probe.log.count("land") == 6
    first = probe.log.index("lift")
    assert probe.log[first : first + 3] == ["lift", "move", "land"]


def test_contact_checks_come_before_every_tenth_point_at_one_place_beside_the_grid(lab, engine):
    engine.run(TriggerMap(nx=4, ny=3, image_every=0, check_dwell=0.1), lab)
    checks = engine.of("check")
    order = [topic for topic, _ in engine.emitted if topic in ("check", "ramp")]
    assert order == ["check", *["ramp"] * 10, "check", "ramp", "ramp"]
    assert len({(check.values["x"], check.values["y"]) for check in checks}) == 1
    assert checks[0].values["y"] == pytest.approx(-2e-6), "half a gap beyond the lower edge of the grid"


def test_a_reference_that_drifts_by_more_than_a_fifth_ends_the_map(lab, engine, probe, source):
    def later(topic, record):
        if topic == "ramp" and record.point == 3:
            probe.pull = 30e-9
        return False

    engine.stop_when = later
    with pytest.raises(ContactLost, match=r"the adhesion drifted by \d+ %, from 20.5 nN to 30.1 nN \(20 % allowed\)"):
        engine.run(TriggerMap(nx=5, ny=1, check_every=4, image_every=0, check_dwell=0.1), lab)
    assert [check.passed for check in engine.of("check")] == [True, False]
    assert len(engine.of("ramp")) == 4


def test_a_failed_landing_is_tried_again_and_the_attempt_is_kept(lab, engine, probe):
    probe.fail_landings = {2}
    engine.run(TriggerMap(**BARE), lab)
    assert [begin.attempt for begin in engine.of("point")] == [1, 2, 1, 1, 1, 1]
    assert [done.state for done in engine.of("ramp")] == [PointState.DONE] * 6
    assert engine.of("ramp")[1].values["attempt"] == 2


def test_a_point_where_no_landing_succeeds_fails_alone(lab, engine, probe):
    probe.fail_landings = {2, 3}
    engine.run(TriggerMap(**BARE), lab)
    failed = engine.of("ramp")[1]
    assert failed.state is PointState.FAILED
    assert "no surface within reach" in failed.reason
    assert len(failed.time) == 0
    assert visited(engine) == [0, 2, 5, 4, 3], "the bias never rose at point 1"


def test_more_than_three_failed_landings_end_the_map(lab, engine, probe):
    probe.fail_landings = set(range(3, 20))
    with pytest.raises(ContactLost, match=r"4 landings failed, 3 are allowed; the last one: the tip did not come down"):
        engine.run(TriggerMap(**BARE), lab)
    assert len(engine.of("point")) == 2


def test_points_begun_before_are_not_ramped_again_when_a_map_is_resumed(lab, engine, source):
    procedure = TriggerMap(**BARE)
    procedure.done_points = frozenset({0, 1, 5})
    engine.run(procedure, lab)
    assert visited(engine) == [2, 4, 3]
    assert engine.of("progress")[0] == pytest.approx(100 * 4 / 6)


def test_drift_is_followed_by_images_beside_the_grid_and_carried_forward(lab, engine, probe):
    probe.drift = np.array([0.4e-9, -0.2e-9])
    engine.run(TriggerMap(nx=8, ny=1, check_every=0, image_every=2, **IMAGED), lab)
    frames = engine.of("frame")
    assert [frame.purpose for frame in frames] == ["drift"] * 4
    assert [frame.index for frame in frames] == [0, 1, 2, 3]
    begins = engine.of("point")
    assert np.isnan(begins[0].drift_confidence)
    assert begins[-1].drift_confidence > 0.5
    # The fakes' clock runs in scans alone: each takes 6.4 s, the first image's middle lies at 3.2 s.
    moved = 0.4e-9 * 3 * 6.4
    assert begins[-2].drift_x == pytest.approx(moved, rel=0.25)
    assert begins[-2].drift_y == pytest.approx(-moved / 2, rel=0.25)
    assert engine.of("ramp")[-1].values["drift_x"] == begins[-1].drift_x


def test_no_drift_image_touches_the_area_of_the_points(lab, engine):
    procedure = TriggerMap(nx=4, ny=4, image_every=25)
    image, area = procedure.image_frame(), procedure.area()
    assert np.hypot(image.x - area.x, image.y - area.y) >= (image.width + area.width) / 2 + 1e-6


def test_a_patch_without_features_stops_the_map_after_a_second_look(lab, engine, probe):
    def flatten(topic, record):
        probe.flat = probe.flat or topic == "ramp"
        return False

    engine.stop_when = flatten
    with pytest.raises(ContactLost, match=r"matches the first one with only \d+ % confidence \(50 % needed\)"):
        engine.run(TriggerMap(nx=4, ny=1, check_every=0, image_every=2, **IMAGED), lab)
    assert len(engine.of("frame")) == 3
    assert len(engine.of("ramp")) == 2


def test_a_stop_between_points_leaves_the_output_off(lab, engine, source):
    engine.stop_when = lambda topic, record: topic == "ramp" and record.point == 1
    with pytest.raises(Aborted):
        engine.run(TriggerMap(**BARE), lab)
    assert len(engine.of("ramp")) == 2
    assert source.log[-1] == "off"


def test_a_latched_interlock_keeps_a_map_from_starting(lab, engine, probe):
    lab.interlock.latch("a test latched it")
    with pytest.raises(Interlocked, match="a test latched it"):
        engine.run(TriggerMap(**BARE), lab)
    assert probe.log == []


def test_a_pause_holds_between_points(lab, engine):
    procedure = TriggerMap(**BARE)
    held = []
    procedure.wait_while_paused = lambda: held.append(len(engine.of("ramp")))
    engine.run(procedure, lab)
    assert held == [0, 1, 2, 3, 4, 5]


def test_the_outlook_counts_ramps_images_checks_and_the_way(lab):
    ahead = TriggerMap(map_first=True).outlook(lab.limits, Wiring())
    assert (ahead.ramps, ahead.samples) == (100, 606)
    assert ahead.frames == 1 + 1 + 4
    assert ahead.path_length == pytest.approx(99e-6)
    assert ahead.points[10].tolist() == pytest.approx([4.5e-6, -3.5e-6])
    assert (ahead.bias_min, ahead.bias_max) == (-6.0, 0.05)


def test_sites_and_a_list_of_points_contradict_each_other(lab, engine):
    with pytest.raises(BadInput, match="aim = 'sites' picks its own points"):
        engine.run(TriggerMap(aim="sites", points="0,0"), lab)


def test_a_grid_beyond_the_scan_range_is_refused_before_anything_moves(lab, engine, probe):
    with pytest.raises(BadInput, match=r"the plan's path x: .* is beyond the bench's limit of 10 µm"):
        engine.run(TriggerMap(nx=25), lab)
    assert probe.log == []
