"""Grain boundaries found in the simulated lab's maps, scored against the world's own grains: `python benchmarks/segmentation.py`.

Each row: one surface of the sample `bare`, a current map taken through the instruments' protocols. *Boundary IoU*: intersection
over union of the places within 40 nm of a boundary, found and true (every boundary, special ones that hardly conduct included).
*Grain IoU*: each true grain's best overlap with a found one, mean over grains, by area. The drift since the world began is taken
out by the shift (up to 8 pixels) that fits best, since the world's grains lie where they were at time 0.
"""

import argparse
import sys
import tempfile
from pathlib import Path

import numpy as np
from scipy import ndimage

sys.path.insert(0, str(Path(__file__).parents[1]))
from nanoprobe import Plan, open_run
from nanoprobe.analysis.of_run import map_image
from nanoprobe.analysis.sites import find_sites
from nanoprobe.engine import execute
from tests.conftest import start_lab

REACH = 40e-9


def iou(found, true):
    """Return the intersection over union of two masks."""
    return float((found & true).sum() / max((found | true).sum(), 1))


def grain_iou(line, cells):
    """Return the area-weighted mean over true `cells` (labels) of the best overlap with a region between lines."""
    regions, _ = ndimage.label(~line)
    scores, areas = [], []
    for cell in range(1, int(cells.max()) + 1):
        true = cells == cell
        best = max(iou(regions == one, true) for one in np.unique(regions[true]) if one)
        scores.append(best)
        areas.append(true.sum())
    return float(np.average(scores, weights=areas))


def truth_of(surface, frame, shape, shift):
    """Return the distance to the nearest boundary (m) and the number of the cell of each pixel, `shift` (m) away."""
    across = (np.arange(shape[1]) + 0.5) / shape[1] - 0.5
    up = (np.arange(shape[0]) + 0.5) / shape[0] - 0.5
    xx, yy = np.meshgrid(across * frame.width, up * frame.height)
    places = frame.to_scanner(np.column_stack([xx.ravel(), yy.ravel()])) + shift
    distance = surface.grains.boundaries(places[:, 0], places[:, 1]).distance.reshape(shape)
    outside = distance > REACH / 4
    return distance, np.where(outside, ndimage.label(outside)[0], 0)


def score(surface, image, currents, heights):
    """Return boundary IoU and grain IoU of the segmentation of `image` with these channels."""
    sites = find_sites(image.current if currents else None, image.frame, image.height if heights else None)
    found, step = sites.distance <= REACH, image.frame.width / sites.line.shape[1]
    shifts = [step * np.array([i, j]) for i in range(-8, 9, 2) for j in range(-8, 9, 2)]
    truths = [truth_of(surface, image.frame, found.shape, shift) for shift in shifts]
    distance, cells = max(truths, key=lambda one: iou(found, one[0] <= REACH))
    return iou(found, distance <= REACH), grain_iou(sites.line, cells)


def scored(seed, folder, pixels):
    """Return the scores of one surface: with current and topography, current alone, topography alone."""
    lab = start_lab(Path(folder) / f"lab{seed}", sample="bare", seed=seed)
    try:
        plan = Plan(procedure="current-map", bench=str(lab.bench_file), parameters={"pixels": pixels})
        outcome = execute(plan, Path(folder) / f"{seed}.zarr")
        assert outcome.status == "finished", outcome.error
        with open_run(outcome.path) as run:
            image = map_image(run)
        surface = lab.lab.world.surface
        return [score(surface, image, *channels) for channels in ((True, True), (True, False), (False, True))]
    finally:
        lab.stop()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--pixels", type=int, default=256)
    given = parser.parse_args()
    print("| seed | both: boundary IoU, grain IoU | current alone | topography alone |\n|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        for seed in range(given.seeds):
            cells = " | ".join(f"{a:.2f}, {b:.2f}" for a, b in scored(seed, folder, given.pixels))
            print(f"| {seed} | {cells} |", flush=True)


if __name__ == "__main__":
    main()
