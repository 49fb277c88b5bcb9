"""A connected network of thin lines out of an image of ridge strength: over-segment by watershed, keep the real edges.

The watershed of the ridge strength always closes: where a boundary fades, its line goes on along what little ridge is
left. Each piece of line between two nodes is then judged as a whole, which is far surer than judging pixels: strong
pieces stay, weak ones stay only where they bridge a gap between pieces that stayed.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.feature import peak_local_max
from skimage.filters import apply_hysteresis_threshold
from skimage.morphology import remove_small_objects, skeletonize
from skimage.segmentation import watershed

from nanoprobe.roles import Array

Mask = NDArray[np.bool_]
Labels = NDArray[np.intp]

_ALL_ROUND = np.ones((3, 3), dtype=np.bool_)
_FLANK = 0.6
"""Below this fraction of the strength nearby a pixel lies on the flank of a line, however strong it is."""
_NEARBY = 13


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkSettings:
    """Thresholds in sigmas of ridge strength, lengths in pixels.

    `seed_low`, `seed_high`: hysteresis that finds the surest lines, which part the cells the watershed starts from.
    `keep`: a piece of line with at least this strength (its lower quartile) is a boundary; `bridge`: one with at
    least this is kept where it joins boundaries at both ends. `cell`: half the least distance between two cell
    centres. `shortest`: a piece with a free end is dropped below this length.
    """

    seed_low: float = 3.0
    seed_high: float = 5.5
    keep: float = 4.5
    bridge: float = 3.0
    cell: float = 15.0
    shortest: float = 12.0


@dataclass(frozen=True, slots=True)
class Network:
    """`line`: pixels of the boundaries, one pixel wide, shape (ny, nx); `nodes`: (row, column) where three meet."""

    line: Mask
    nodes: NDArray[np.intp]


def trace(strength: Array, settings: NetworkSettings | None = None) -> Network:
    """Return the network of lines in `strength` (sigmas, shape (ny, nx), from `ridges.ridge_strength`).

    An image without lines gives an empty network.

    >>> strength = np.zeros((60, 60)); strength[:, 30] = 9.0
    >>> network = trace(strength)
    >>> bool(network.line[:, 28:33].any(axis=1).all()), len(network.nodes)
    (True, 0)
    """
    settings = settings or NetworkSettings()
    sure = _sure_lines(strength, settings)
    if not sure.any():
        return Network(np.zeros(strength.shape, dtype=np.bool_), np.empty((0, 2), dtype=np.intp))
    # A sure line that ends inside one basin has no watershed of its own, hence the union.
    lines = skeletonize(_watershed_lines(strength, sure, settings.cell) | sure)
    pieces, joints = _pieces(lines, ends=sure & ndimage.binary_dilation(lines & ~sure, _ALL_ROUND))
    line = _thin(_kept(pieces, joints, strength, settings), settings.shortest)
    return Network(line, _nodes(line))


def _sure_lines(strength: Array, settings: NetworkSettings) -> Mask:
    """Return the crests that are lines beyond doubt, a few pixels wide."""
    strong = apply_hysteresis_threshold(strength, settings.seed_low, settings.seed_high)
    crest = strong & (strength >= _FLANK * ndimage.maximum_filter(strength, size=_NEARBY))
    return np.asarray(remove_small_objects(crest, max_size=int(settings.shortest)))


def _watershed_lines(strength: Array, sure: Mask, cell: float) -> Mask:
    """Return one pixel wide lines around the basins between the `sure` lines."""
    room = ndimage.gaussian_filter(ndimage.distance_transform_edt(~sure), 1.0)
    centres = peak_local_max(room, min_distance=max(1, round(cell)), exclude_border=False)
    markers = np.zeros(strength.shape, dtype=np.int32)
    markers[tuple(centres.T)] = np.arange(1, len(centres) + 1)
    smooth = ndimage.gaussian_filter(strength, 0.7)
    basins = watershed(smooth, markers, watershed_line=True)
    return np.asarray(basins == 0)


def _pieces(thin: Mask, ends: Mask | None = None) -> tuple[Labels, Labels]:
    """Split a skeleton into pieces between joints, and where it comes to `ends`; return labels of pieces and joints."""
    joint = ndimage.binary_dilation(_crowded(thin), _ALL_ROUND) & thin
    if ends is not None:
        joint |= ends & thin
    return _labelled(thin & ~joint), _labelled(joint)


def _labelled(mask: Mask) -> Labels:
    labels, _ = ndimage.label(mask, _ALL_ROUND)
    return np.asarray(labels, dtype=np.intp)


def _crowded(thin: Mask) -> Mask:
    """Return the pixels of a thin line that have three or more neighbours on it."""
    neighbours = ndimage.convolve(thin.astype(np.int8), _ALL_ROUND.astype(np.int8), mode="constant") - 1
    return np.asarray(thin & (neighbours >= 3))


def _kept(pieces: Labels, joints: Labels, strength: Array, settings: NetworkSettings) -> Mask:
    """Return the pixels of the pieces that are boundaries, with the joints between them."""
    count = int(pieces.max(initial=0))
    best_near = ndimage.maximum_filter(strength, size=3)
    pixels = ndimage.value_indices(pieces, ignore_value=0)
    scores = np.array([0.0, *(np.percentile(best_near[pixels[n]], 25) for n in np.arange(1, count + 1))])
    kept = scores >= settings.keep
    ends = _ends(pieces, joints, count)
    for _ in range(count):
        reached = {joint for n in np.flatnonzero(kept) for joint in ends[n]}
        more = ~kept & (scores >= settings.bridge) & [len(e) > 1 and set(e) <= reached for e in ends]
        if not more.any():
            break
        kept |= more
    used = {joint for n in np.flatnonzero(kept) for joint in ends[n]}
    return np.asarray(kept[pieces] & (pieces > 0) | np.isin(joints, list(used)) & (joints > 0))


def _ends(pieces: Labels, joints: Labels, count: int) -> list[tuple[int, ...]]:
    """Return for each piece (0 unused) the joints it touches."""
    grown = ndimage.maximum_filter(joints, size=3)
    touching = (pieces > 0) & (grown > 0)
    pairs = np.unique(np.column_stack([pieces[touching], grown[touching]]), axis=0)
    return [tuple(int(j) for j in pairs[pairs[:, 0] == n, 1]) for n in range(count + 1)]


def _thin(mask: Mask, shortest: float) -> Mask:
    """Return `mask` as a skeleton without free ends shorter than `shortest`."""
    thin = skeletonize(mask)
    pieces, joints = _pieces(thin)
    ends = _ends(pieces, joints, int(pieces.max(initial=0)))
    length = np.bincount(pieces.ravel(), minlength=len(ends))
    at_edge = set(np.unique(np.concatenate([pieces[0], pieces[-1], pieces[:, 0], pieces[:, -1]])).tolist())
    loose = [n for n in range(1, len(ends)) if len(ends[n]) < 2 and length[n] < shortest and n not in at_edge]
    return np.asarray(skeletonize(thin & ~np.isin(pieces, loose)))


def _nodes(line: Mask) -> NDArray[np.intp]:
    """Return (row, column) of the places where three or more lines meet, shape (n, 2)."""
    pieces, joints = _pieces(line)
    meeting = np.zeros(int(joints.max(initial=0)) + 1, dtype=np.intp)
    for joint in (j for ends in _ends(pieces, joints, int(pieces.max(initial=0))) for j in ends):
        meeting[joint] += 1
    found = np.flatnonzero(meeting >= 3)
    centres = ndimage.center_of_mass(joints > 0, joints, found) if len(found) else []
    return np.rint(np.array(centres).reshape(-1, 2)).astype(np.intp)
