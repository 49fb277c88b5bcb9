"""The map's arrays and bytes: what was measured is coloured, what was not is missing, and new lines cost only themselves."""

from pathlib import Path

import numpy as np
import pytest

from gui.colour_scales import MISSING, ColourScale, Levelling, Limits, find_limits, to_bytes
from gui.map_frames import MapFrame, Pixels
from gui.map_model import MapModel
from gui.map_points import MapPoints
from nanoprobe.analysis.levelling import level_plane
from nanoprobe.events import Recorded, RunStarted
from nanoprobe.geometry import Frame
from nanoprobe.records import FrameBegin, FrameLine, PointBegin, PointLayout, PointState, RampDone
from nanoprobe.roles import ScanLine, ScanPlan

PLACE = Frame(x=0.0, y=0.0, width=4e-6, height=2e-6, angle=0.0)


def frame(lines: int = 8, pixels: int = 16, purpose: str = "map") -> MapFrame:
    return MapFrame(
        run=Path("a.zarr"), index=0, frame=PLACE, shape=(lines, pixels), units={"current": "A"}, purpose=purpose
    )


def scan_line(index: int, values: np.ndarray) -> ScanLine:
    return ScanLine(index, {"current": np.vstack([values, values[::-1]]).astype(np.float32)})


def begun(index: int = 0, purpose: str = "map") -> FrameBegin:
    plan = ScanPlan(frame=PLACE, pixels=16, lines=8, line_time=0.1)
    return FrameBegin(index, plan, {"current": "A", "height": "m"}, purpose)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([0.0, 1.0], [1, 255]),
        ([-5.0, 5.0], [1, 255]),
        ([0.5], [128]),
        ([np.nan, 1.0], [MISSING, 255]),
        ([np.inf, -np.inf], [255, 1]),
    ],
    ids=["ends", "beyond the ends", "middle", "no number", "infinite"],
)
def test_bytes_run_from_1_to_255_and_no_number_is_missing(values: list[float], expected: list[int]) -> None:
    assert to_bytes(np.array(values, dtype=np.float32), Limits(0.0, 1.0)).tolist() == expected


@pytest.mark.parametrize("values", [[], [np.nan], [3e-12, 3e-12]], ids=["none", "no numbers", "all the same"])
def test_limits_are_never_empty(values: list[float]) -> None:
    limits = find_limits(np.array(values), 1, 99)
    assert limits.high > limits.low


def test_lines_that_were_not_measured_stay_missing() -> None:
    image = frame()
    for index in (0, 1, 5):
        image.add(scan_line(index, np.linspace(0, 1e-12, 16)))
    pixels = Pixels(image, "current", 0, ColourScale(low=0, high=100))
    assert pixels.update()
    assert (pixels.bytes > 0).any(axis=1).tolist() == [index in (0, 1, 5) for index in range(8)]
    assert not pixels.update()


def test_a_line_taken_once_more_is_drawn_anew() -> None:
    image = frame()
    for index in range(8):
        image.add(scan_line(index, np.linspace(0, 1e-12, 16)))
    pixels = Pixels(image, "current", 0, ColourScale(low=0, high=100))
    pixels.update()
    image.add(scan_line(3, np.linspace(1e-12, 0, 16)))
    assert pixels.update()
    assert pixels.bytes[3].tolist() == pixels.bytes[2][::-1].tolist()


def test_line_by_line_and_at_once_give_the_same_picture() -> None:
    rng = np.random.default_rng(3)
    lines = rng.normal(0, 1e-12, (8, 16))
    for levelling in Levelling:
        slowly, at_once = frame(), frame()
        scale = ColourScale(levelling=levelling)
        pixels = Pixels(slowly, "current", 0, scale)
        for index, values in enumerate(lines):
            slowly.add(scan_line(index, values))
            at_once.add(scan_line(index, values))
            pixels.update()
        whole = Pixels(at_once, "current", 0, scale)
        whole.update()
        assert np.array_equal(pixels.bytes, whole.bytes), levelling


def test_plane_levelling_shows_what_the_analysis_levels() -> None:
    tilted = np.add.outer(3 * np.arange(8.0), np.arange(16.0))
    tilted[4, 8] += 5
    image = frame()
    for index, values in enumerate(tilted):
        image.add(scan_line(index, values))
    pixels = Pixels(image, "current", 0, ColourScale(low=0, high=100, levelling=Levelling.PLANE))
    pixels.update()
    flat = level_plane(tilted).astype(np.float32)
    expected = to_bytes(flat, Limits(float(flat.min()), float(flat.max())))
    assert np.abs(pixels.bytes.astype(int) - expected).max() <= 1


def test_a_logarithmic_scale_knows_no_sign_and_no_zero() -> None:
    image = frame(lines=1, pixels=4)
    image.add(scan_line(0, np.array([-1e-9, 1e-9, 1e-12, 0.0])))
    pixels = Pixels(image, "current", 0, ColourScale(low=0, high=100, log=True))
    pixels.update()
    first, second, third, fourth = pixels.bytes[0].tolist()
    assert first == second == 255
    assert third > fourth == 1
    assert pixels.limits.high == pytest.approx(-9)


@pytest.mark.parametrize("angle", [0.0, 0.7, -2.0])
def test_the_value_under_the_cursor_is_the_pixel_that_lies_there(angle: float) -> None:
    place = Frame(x=1e-6, y=-1e-6, width=4e-6, height=2e-6, angle=angle)
    image = MapFrame(run=Path("a"), index=0, frame=place, shape=(8, 16), units={"current": "A"}, purpose="map")
    for index in range(8):
        image.add(scan_line(index, np.arange(16) + 100 * index))
    local = np.array([[(5 + 0.5) / 16 - 0.5, (3 + 0.5) / 8 - 0.5]]) * [4e-6, 2e-6]
    ((x, y),) = place.to_scanner(local)
    assert image.value_at("current", 0, x, y) == 305
    assert np.isnan(image.value_at("current", 0, 1.0, 1.0))


def test_a_map_that_begins_is_shown_and_a_drift_image_is_not() -> None:
    model = MapModel()
    model.take(RunStarted(Path("a.zarr"), "TriggerMap"))
    model.take(Recorded("frame", begun(0, "map")))
    model.take(Recorded("frame", begun(1, "drift")))
    assert model.frame is model.frames[0]
    model.take(Recorded("line", FrameLine(1, scan_line(2, np.zeros(16)))))
    assert model.frames[1].done.tolist() == [index == 2 for index in range(8)]
    assert not model.frames[0].done.any()


def test_a_new_map_does_not_take_over_a_view_that_was_chosen_by_hand() -> None:
    model = MapModel()
    model.take(Recorded("frame", begun(0)))
    model.show(frame=0, follow=False)
    model.take(Recorded("frame", begun(1)))
    assert model.shown.frame == 0


def test_points_fill_in_as_they_finish() -> None:
    points = MapPoints()
    points.lay_out(PointLayout(np.arange(4.0) * 1e-6, np.zeros(4), 100))
    points.begin(PointBegin(index=1, x=1.2e-6, y=0.1e-6, drift_x=0.2e-6, drift_y=0.1e-6))
    nothing = np.empty(0)
    verdicts = {
        1: {"triggered": 1.0, "trigger_first_above": -3.0, "censored_at": np.nan},
        2: {"triggered": 0.0, "trigger_first_above": np.nan, "censored_at": -6.0},
    }
    for index, values in verdicts.items():
        points.finish(
            RampDone(
                point=index, time=nothing, bias=nothing, bias_source=nothing, current=nothing, values=values, way="host"
            )
        )
    assert points.counts() == {"planned": 4, "triggered": 1, "censored": 1, "failed": 0}
    assert points.voltage[1:3].tolist() == [-3.0, -6.0]
    assert points.describe(2) == "point 2 at 2 µm, 0 m: no trigger up to -6 V"
    assert np.allclose(points.places(without_drift=True)[1], [1e-6, 0.0])
    assert np.allclose(points.places(without_drift=False)[1], [1.2e-6, 0.1e-6])
    assert [int(points.mask(state.name.lower()).sum()) for state in PointState if state is not PointState.DONE] == [
        2,
        0,
        0,
        0,
    ]


def test_images_beyond_the_limit_leave_memory_and_are_asked_for_when_looked_at_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("gui.map_model.MOST_VALUES", 2 * 2 * 8 * 16)
    model, asked = MapModel(), []
    model.channel_wanted.connect(lambda frame, channel: asked.append((frame.index, channel)))
    model.take(RunStarted(Path("a.zarr"), "CurrentMap"))
    for index in range(5):
        model.take(Recorded("frame", begun(index)))
        for line in range(8):
            model.take(Recorded("line", FrameLine(index, scan_line(line, np.ones(16)))))
    assert [image.index for image in model.frames] == [0, 1, 2, 3, 4]
    assert [bool(image.values) for image in model.frames] == [False, False, True, True, True]
    model.show(frame=3)
    model.show(frame=0)
    assert asked == [(0, "current")]
