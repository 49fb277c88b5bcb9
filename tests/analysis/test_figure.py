"""The picture of a run, whole and with parts missing."""

from dataclasses import dataclass, replace

import numpy as np
import pytest
import xarray as xr
from matplotlib.image import imread

from nanoprobe.analysis.figure import draw, draw_run
from nanoprobe.analysis.of_run import kinds_of_points, map_image, places_on_map, sites_of, summary_of
from nanoprobe.analysis.sites import Site
from nanoprobe.errors import BadInput, StorageError
from nanoprobe.geometry import Frame, grid
from nanoprobe.records import PointState

NAMES = ("triggered", "trigger_last_below", "trigger_first_above", "censored_at", "drift_x", "drift_y")


@dataclass(frozen=True)
class MadeRun:
    points: xr.Dataset
    ramps: xr.Dataset
    frames: tuple[xr.Dataset, ...]
    simulated: bool = True


def image_group(sample, lines=None):
    def both(values):
        pair = np.stack([values, values]).astype("f4")
        pair[:, lines:] = np.nan if lines is not None else pair[:, lines:]
        return ("direction", "y", "x"), pair

    f = sample.frame
    attrs = {"centre_x": f.x, "centre_y": f.y, "width": f.width, "height_of_frame": f.height, "angle": f.angle}
    channels = {"current": both(sample.current), "height": both(sample.height)}
    return xr.Dataset(channels, attrs={**attrs, "purpose": "map"})


def point_groups(frame, state, triggered):
    place = grid(Frame(x=frame.x, y=frame.y, width=9e-6, height=9e-6), 4, 3)[: len(state)]
    hit = np.asarray(triggered, dtype=float)
    volts = np.linspace(2, 5, len(hit))
    columns = (hit, *(np.where(hit == 1, -volts - d, np.nan) for d in (0, 0.01)), np.where(hit == 1, np.nan, -6.0))
    values = dict(zip(NAMES, (*columns, 0 * hit + 5e-9, 0 * hit), strict=True))
    points = {"x": place[:, 0] + 5e-9, "y": place[:, 1], "state": np.asarray(state), **values}
    bias = np.tile(-0.01 * np.arange(50.0), (len(hit), 1))
    ramps = {"bias": bias, "current": -1e-12 * np.exp(-10 * bias)}
    lengths = {"n_samples": ("point", np.full(len(hit), 50))}
    group = xr.Dataset({name: (("point", "sample"), values) for name, values in ramps.items()} | lengths)
    return xr.Dataset({name: ("point", values) for name, values in points.items()}), group


@pytest.fixture(scope="module")
def made(make_polycrystal):
    sample = make_polycrystal(pixels=192, side=10e-6, snr=8.0, seed=3)
    state = [PointState.DONE] * 9 + [PointState.FAILED, PointState.INTERRUPTED, PointState.PLANNED]
    points, ramps = point_groups(sample.frame, state, [1] * 7 + [0] * 5)
    return MadeRun(points, ramps, (image_group(sample),))


def texts(figure):
    return [text.get_text() for text in figure.texts] + [t.get_text() for a in figure.axes for t in a.texts]


@pytest.mark.parametrize("ending", [".png", ".svg", ".pdf"])
def test_picture_is_written(made, tmp_path, ending):
    path = draw_run(made, tmp_path / f"map{ending}", "bare LLZO")
    assert path.stat().st_size > 20_000


def test_png_is_a_picture_with_colour(made, tmp_path):
    pixels = imread(draw_run(made, tmp_path / "map.png"))
    assert min(pixels.shape[:2]) > 1000
    assert np.ptp(pixels[..., :3], axis=2).max() > 0.5


def test_simulated_run_is_marked_and_a_real_one_is_not(made):
    assert "SIMULATED: no real sample" in texts(draw(made))
    assert "SIMULATED: no real sample" not in texts(draw(replace(made, simulated=False)))


def test_run_without_anything_says_so(made):
    nothing = MadeRun(made.points.isel(point=slice(0, 0)), made.ramps.isel(point=slice(0, 0)), ())
    said = texts(draw(nothing))
    for text in ("no height image in this run", "no current image in this run", "no point was ramped", "no ramp in"):
        assert any(text in one for one in said)


def test_half_a_map_and_points_without_sites_are_drawn(made, make_polycrystal):
    sample = make_polycrystal(pixels=192, side=10e-6, snr=8.0, seed=3)
    early = replace(made, frames=(image_group(sample, lines=40),))
    assert sites_of(map_image(early)) is None
    assert draw(early).axes
    assert [row.site for row in summary_of(early)] == ["all"]


def test_points_are_looked_up_on_the_map_where_drift_is_taken_off(made):
    assert places_on_map(made.points)[:, 0] == pytest.approx(made.points["x"].values - 5e-9)


def test_site_stored_in_the_run_wins(made):
    stored = made.points.assign(site=("point", np.full(12, int(Site.BOUNDARY))))
    assert (kinds_of_points(stored, None) == Site.BOUNDARY).all()


def test_summary_counts_every_begun_point(made):
    total = summary_of(made)[-1]
    assert (total.points, total.triggered, total.censored, total.failed, total.unfinished) == (11, 7, 2, 1, 1)


def test_unknown_format_is_refused(made, tmp_path):
    with pytest.raises(BadInput, match=r"map\.bmp: pictures are written as \.png, \.svg, \.pdf"):
        draw_run(made, tmp_path / "map.bmp")


def test_place_that_cannot_be_written_is_named(made, tmp_path):
    with pytest.raises(StorageError, match="the picture could not be written: No such file"):
        draw_run(made, tmp_path / "missing" / "map.png")
