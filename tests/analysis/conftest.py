"""Polycrystals made for the tests: Voronoi cells whose edges scipy gives as line segments, drawn into noisy images."""

import functools
from dataclasses import dataclass

import numpy as np
import pytest
from scipy import ndimage
from scipy.spatial import Voronoi

from nanoprobe.geometry import Frame

CORE = 25e-9
GROOVE = 30e-9
MARGIN = 3e-6


@dataclass(frozen=True)
class Mosaic:
    frame: Frame
    current: np.ndarray
    height: np.ndarray
    to_boundary: np.ndarray
    to_conducting: np.ndarray
    junctions: np.ndarray


def _segment_distance(x, y, start, end):
    along = end - start
    share = np.clip(((x - start[0]) * along[0] + (y - start[1]) * along[1]) / (along @ along), 0, 1)
    return np.hypot(x - start[0] - share * along[0], y - start[1] - share * along[1])


def _edges(side, grain, rng):
    count = round((side + 2 * MARGIN) ** 2 / grain**2)
    cells = Voronoi(rng.uniform(-side / 2 - MARGIN, side / 2 + MARGIN, (count, 2)))
    edges = [cells.vertices[pair] for pair in cells.ridge_vertices if min(pair) >= 0]
    return edges, cells.vertices


def _rough(shape, length, rng):
    field = ndimage.gaussian_filter(rng.normal(size=shape), length, mode="wrap")
    return field / field.std()


def polycrystal(pixels=512, side=10e-6, grain=3e-6, snr=6.0, special=0.3, seed=0, angle=0.0, noise=0.2e-12):
    """Boundaries conduct `snr` times the pixel noise (cathodic); a share `special` of them not; all have a groove."""
    rng = np.random.default_rng(seed)
    frame = Frame(x=0.4e-6, y=-0.3e-6, width=side, height=side, angle=angle)
    axis = ((np.arange(pixels) + 0.5) / pixels - 0.5) * side
    x, y = np.meshgrid(axis, axis)
    all_edges, conducting = np.full(x.shape, np.inf), np.full(x.shape, np.inf)
    edges, vertices = _edges(side, grain, rng)
    for start, end in edges:
        distance = _segment_distance(x, y, start, end)
        np.minimum(all_edges, distance, out=all_edges)
        if rng.random() >= special:
            np.minimum(conducting, distance, out=conducting)
    current = -snr * noise * np.exp(-((conducting / CORE) ** 2)) + rng.normal(scale=noise, size=x.shape)
    height = 5e-9 * _rough(x.shape, 70e-9 / side * pixels, rng) - 15e-9 * np.exp(-((all_edges / GROOVE) ** 2))
    height += 0.01 * x - 0.02 * y + rng.normal(scale=0.1e-9, size=x.shape)
    inner = vertices[(np.abs(vertices) < side / 2 - 0.1e-6).all(axis=1)]
    return Mosaic(frame, current, height, all_edges, conducting, frame.to_scanner(inner))


@pytest.fixture(scope="session")
def make_polycrystal():
    """The function that makes one; each is made once."""
    return functools.cache(polycrystal)
