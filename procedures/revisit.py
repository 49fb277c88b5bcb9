"""Going back to places picked on an earlier image: look at a patch again, re-aim, or refuse where it shows no features."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from nanoprobe.analysis.drift import measure_shift
from nanoprobe.errors import BadInput, ContactLost
from nanoprobe.geometry import Frame
from nanoprobe.roles import Array
from nanoprobe.units import si
from procedures.drift_watch import Correction
from procedures.earlier_map import EarlierMap
from procedures.inputs import percent

ROUNDS = 3
"""Most patches taken: the match is best when the patch lies where the earlier one was cut."""

CLOSE = 0.05
"""A patch this close (in its own width) to where it should be needs no further look."""


def find_again(
    earlier: EarlierMap, around: Frame, pixels: int, least: float, take: Callable[[Frame], Array]
) -> Correction:
    """Return how far the sample has moved since `earlier`, measured on patches in the frame `around`.

    `take` scans a frame and returns its height, shape (`pixels`, `pixels`). Raises ContactLost when the patch and the
    earlier image match with less than `least` confidence, BadInput when `around` lies outside the earlier image.
    """
    wanted = earlier.cut(around, pixels)
    if not np.isfinite(wanted).all():
        raise BadInput(
            f"the patch at x {si(around.x, 'm')}, y {si(around.y, 'm')} reaches beyond the earlier image: choose "
            f"a smaller image_size"
        )
    found = Correction()
    for _ in range(ROUNDS):
        here = replace(around, x=around.x + found.x, y=around.y + found.y)
        shift = measure_shift(wanted, take(here), here)
        if not shift.confidence >= least:
            raise ContactLost(_refusal(around, shift.confidence, least))
        found = Correction(found.x + shift.x, found.y + shift.y, shift.confidence)
        if np.hypot(shift.x, shift.y) <= CLOSE * around.width:
            break
    return found


def _refusal(around: Frame, confidence: float, least: float) -> str:
    return (
        f"the patch at x {si(around.x, 'm')}, y {si(around.y, 'm')} cannot be found again: it matches the earlier image "
        f"with {percent(confidence)} confidence ({percent(least)} needed). It has too few features or the sample moved "
        f"too far; take a new map, or place the patch on a grain boundary"
    )


def patch_in(earlier: EarlierMap, size: float) -> Frame:
    """Return the patch to look at: in the middle of the earlier image, at most half its width."""
    edge = min(size, earlier.frame.width / 2, earlier.frame.height / 2)
    return replace(earlier.frame, width=edge, height=edge)
