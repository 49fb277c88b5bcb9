"""Shifts between images cut out of one made-up scene, and when not to believe them."""

import numpy as np
import pytest
from scipy import ndimage

from nanoprobe.analysis.drift import DriftTrack, measure_shift
from nanoprobe.errors import BadInput
from nanoprobe.geometry import Frame

PIXELS = 128
PIXEL = 15.625e-9
FRAME = Frame(x=1e-6, y=0, width=2e-6, height=2e-6)


def scene(seed, length=6.0, size=512):
    field = ndimage.gaussian_filter(np.random.default_rng(seed).normal(size=(size, size)), length, mode="wrap")
    return field / field.std()


def cut(whole, row, column, noise, seed):
    rows, columns = np.mgrid[0:PIXELS, 0:PIXELS]
    image = ndimage.map_coordinates(whole, [rows + row, columns + column], order=3)
    return image + np.random.default_rng(seed).normal(scale=noise, size=image.shape)


@pytest.mark.parametrize("moved", [(0, 0), (0.35, -0.7), (5.25, 3.4), (-20.6, 11.3)], ids=str)
@pytest.mark.parametrize("noise", [0.0, 0.1, 0.5], ids=lambda n: f"noise {n:g}")
def test_shift_is_found_to_a_fraction_of_a_pixel(moved, noise):
    whole = scene(1)
    shift = measure_shift(cut(whole, 200, 200, noise, 2), cut(whole, 200 - moved[0], 200 - moved[1], noise, 3), FRAME)
    assert [shift.y / PIXEL, shift.x / PIXEL] == pytest.approx(moved, abs=0.1 + 0.3 * noise)
    assert shift.confidence > 0.5


@pytest.mark.parametrize("seed", range(6))
def test_confidence_is_low_between_other_scenes(seed):
    assert measure_shift(cut(scene(1), 50, 50, 0.1, 2), cut(scene(10 + seed), 50, 50, 0.1, 3), FRAME).confidence < 0.3


@pytest.mark.parametrize("seed", range(6))
def test_confidence_is_low_on_noise(seed):
    noise = np.random.default_rng(seed).normal(size=(2, PIXELS, PIXELS))
    assert measure_shift(*noise, FRAME).confidence < 0.3


@pytest.mark.parametrize("seed", range(4))
def test_confidence_is_low_when_the_scene_moved_out(seed):
    whole = scene(20 + seed)
    assert measure_shift(cut(whole, 50, 50, 0.1, 2), cut(whole, 300, 300, 0.1, 3), FRAME).confidence < 0.3


def test_flat_patch_has_no_confidence():
    tilt = np.add.outer(np.arange(64.0), np.arange(64.0))
    assert measure_shift(tilt, tilt + 3, FRAME).confidence == 0


def test_shift_in_a_turned_frame_is_in_scanner_coordinates():
    whole = scene(1)
    turned = Frame(x=0, y=0, width=2e-6, height=2e-6, angle=np.pi / 2)
    shift = measure_shift(cut(whole, 200, 200, 0.0, 2), cut(whole, 200, 196, 0.0, 3), turned)
    assert [shift.x / PIXEL, shift.y / PIXEL] == pytest.approx([0, 4], abs=0.1)


@pytest.mark.parametrize(
    ("first", "second", "text"),
    [
        (np.zeros((32, 32)), np.zeros((32, 48)), "cannot be compared; take them alike"),
        (np.zeros((8, 32)), np.zeros((8, 32)), r"shape \(8, 32\) is too small to measure drift \(16 pixels a side\)"),
        (np.full((32, 32), np.nan), np.zeros((32, 32)), "missing pixels cannot be used to measure drift"),
    ],
    ids=["shapes", "small", "missing"],
)
def test_unusable_images_are_refused(first, second, text):
    with pytest.raises(BadInput, match=text):
        measure_shift(first, second, FRAME)


def test_track_predicts_a_steady_drift_and_follows_a_slowing_one():
    steady = slowing = DriftTrack.start(0.0)
    for time in np.arange(60.0, 3000.0, 60.0):
        steady = steady.add(time, 1e-10 * time, -2e-11 * time)
        slowing = slowing.add(time, 50e-9 * (1 - np.exp(-time / 600)), 0.0)
    assert steady.at(4000.0) == pytest.approx((4e-7, -8e-8))
    assert abs(slowing.rate[0]) < 1e-12


def test_track_without_measurement_stands_still_and_refuses_to_go_back():
    start = DriftTrack.start(10.0)
    assert start.at(100.0) == (0.0, 0.0)
    with pytest.raises(BadInput, match="drift measured at 10 s must come after the one at 10 s"):
        start.add(10.0, 0.0, 0.0)
