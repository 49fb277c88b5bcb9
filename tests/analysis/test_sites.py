"""Boundaries found in noisy maps of made-up polycrystals, held against the segments they were drawn from."""

import numpy as np
import pytest
from scipy import ndimage

from nanoprobe.analysis.network import trace
from nanoprobe.analysis.sites import Site, find_sites
from nanoprobe.errors import BadInput
from nanoprobe.geometry import Frame

NEAR = 60e-9
CASES = [(5.0, 1), (7.0, 2), (10.0, 3)]
IDS = [f"S/N {snr:g}" for snr, _ in CASES]


def precision(sites, truth):
    return float((truth[sites.line] < NEAR).mean())


def recall(sites, truth, pixel=20e-9):
    return float((sites.distance[truth < 0.6 * pixel] < NEAR).mean())


def matched(some, others, within=100e-9):
    return float((np.linalg.norm(some[:, None] - others[None], axis=2).min(axis=1) < within).mean())


@pytest.mark.parametrize(("snr", "seed"), CASES, ids=IDS)
def test_current_and_groove_together_give_the_whole_network(make_polycrystal, snr, seed, record_property):
    sample = make_polycrystal(snr=snr, seed=seed)
    sites = find_sites(sample.current, sample.frame, sample.height)
    figures = precision(sites, sample.to_boundary), recall(sites, sample.to_boundary)
    record_property("precision, recall", figures)
    assert min(figures) > 0.96
    inner = np.abs(sites.junctions - [sample.frame.x, sample.frame.y]).max(axis=1) < 4.6e-6
    assert matched(sample.junctions, sites.junctions) > 0.9
    assert matched(sites.junctions[inner], sample.junctions) > 0.85


@pytest.mark.parametrize(("snr", "seed"), CASES, ids=IDS)
def test_current_alone_gives_the_conducting_boundaries(make_polycrystal, snr, seed):
    sample = make_polycrystal(snr=snr, seed=seed)
    sites = find_sites(sample.current, sample.frame)
    assert precision(sites, sample.to_boundary) > 0.97
    assert recall(sites, sample.to_conducting) > 0.97
    assert recall(sites, sample.to_boundary) < 0.9


def test_signal_to_noise_is_that_of_the_map(make_polycrystal):
    sample = make_polycrystal(snr=8.0, seed=4)
    found = find_sites(sample.current, sample.frame, sample.height).signal_to_noise
    # A pixel's centre lies up to half a pixel off the crest, which costs some of the height.
    assert 6.0 < found < 8.5


def test_sign_of_the_current_does_not_matter(make_polycrystal):
    sample = make_polycrystal(snr=7.0, seed=2)
    cathodic, anodic = (find_sites(sign * sample.current, sample.frame) for sign in (1, -1))
    np.testing.assert_array_equal(cathodic.line, anodic.line)


def test_map_without_boundaries_has_no_sites():
    noise = np.random.default_rng(5).normal(scale=2e-13, size=(128, 128))
    sites = find_sites(noise, Frame(x=0, y=0, width=2e-6, height=2e-6))
    assert not sites.line.any()
    assert np.isnan(sites.signal_to_noise)
    assert sites.pick(Site.BOUNDARY, sites.frame) is None
    assert sites.pick(Site.TRIPLE_JUNCTION, sites.frame) is None


def test_classes_follow_the_distance_to_the_true_boundary(make_polycrystal):
    sample = make_polycrystal(snr=7.0, seed=2)
    sites = find_sites(sample.current, sample.frame, sample.height)
    x, y = sample.frame.pixel_axes(512, 512)
    places = np.stack(np.meshgrid(x, y), axis=-1)
    on, off = sample.to_boundary < 12e-9, sample.to_boundary > 150e-9
    assert (sites.classify(places[on]) != Site.INTERIOR).mean() > 0.95
    assert (sites.classify(places[off]) == Site.INTERIOR).mean() > 0.97
    assert (sites.classify(sample.junctions) == Site.TRIPLE_JUNCTION).mean() > 0.8
    assert sites.classify([[1.0, 1.0], [np.nan, 0.0]]).tolist() == [Site.UNKNOWN] * 2


@pytest.mark.parametrize("angle", [0.0, 0.6], ids=["straight", "turned"])
def test_picked_places_are_what_was_asked_for(make_polycrystal, angle):
    sample = make_polycrystal(snr=7.0, seed=2, angle=angle)
    sites = find_sites(sample.current, sample.frame, sample.height)
    frame = sample.frame
    offsets = np.array([[-2e-6, -2e-6], [2e-6, 1e-6], [0.0, 2.5e-6]])
    for x, y in frame.to_scanner(offsets):
        cell = Frame(x=x, y=y, width=4e-6, height=4e-6, angle=angle)
        place = {kind: np.array(sites.pick(kind, cell)) for kind in Site if kind is not Site.UNKNOWN}
        assert sites.classify(list(place.values())).tolist() == list(place)
        assert true_distance(sample, place[Site.BOUNDARY]) < 20e-9
        assert true_distance(sample, place[Site.INTERIOR]) > 60e-9
        assert np.linalg.norm(sample.junctions - place[Site.TRIPLE_JUNCTION], axis=1).min() < 60e-9


def true_distance(sample, place):
    turn = np.array(
        [
            [np.cos(sample.frame.angle), -np.sin(sample.frame.angle)],
            [np.sin(sample.frame.angle), np.cos(sample.frame.angle)],
        ]
    )
    local = (place - [sample.frame.x, sample.frame.y]) @ turn
    pixel = (local / sample.frame.width + 0.5) * 512 - 0.5
    return ndimage.map_coordinates(sample.to_boundary, pixel[::-1, None], order=1)[0]


def test_unscanned_rows_are_left_out(make_polycrystal):
    sample = make_polycrystal(snr=7.0, seed=2)
    current = sample.current.copy()
    current[400:] = np.nan
    sites = find_sites(current, sample.frame)
    assert not sites.line[405:].any()
    assert precision(sites, sample.to_boundary) > 0.95


@pytest.mark.parametrize(
    ("current", "height", "text"),
    [
        (np.full((20, 20), np.nan), None, "the current map is less than half scanned; take it again"),
        (np.zeros((2, 20, 20)), None, r"not shape \(2, 20, 20\); choose one scan direction"),
        (np.ones((20, 20)), np.ones((20, 30)), r"have one shape, not current \(20, 20\), topography \(20, 30\)"),
    ],
    ids=["unscanned", "two directions", "other shape"],
)
def test_unusable_maps_are_refused(current, height, text):
    with pytest.raises(BadInput, match=text):
        find_sites(current, Frame(x=0, y=0, width=1e-6, height=1e-6), height)


def test_three_lines_meet_in_one_node():
    y, x = np.indices((120, 120))
    strength = np.zeros((120, 120))
    for angle in (0.3, 2.4, 4.5):
        along = (x - 60) * np.cos(angle) + (y - 55) * np.sin(angle)
        across = (x - 60) * np.sin(angle) - (y - 55) * np.cos(angle)
        strength = np.maximum(strength, np.where(along > 0, 10 * np.exp(-(across**2) / 4), 0))
    nodes = trace(strength).nodes
    assert len(nodes) == 1
    assert np.abs(nodes[0] - [55, 60]).max() <= 3
