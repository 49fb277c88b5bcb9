"""Where the images for drift and the contact checks stand: beside the points, never over fresh lithium."""

from enum import StrEnum

import numpy as np

from nanoprobe.geometry import Frame
from nanoprobe.roles import Array


class Side(StrEnum):
    """On which side of the points there is room; AUTO takes the one nearest to the scanner's centre."""

    AUTO = "auto"
    LEFT = "left"
    RIGHT = "right"
    BELOW = "below"
    ABOVE = "above"


_DIRECTIONS = {Side.LEFT: (-1.0, 0.0), Side.RIGHT: (1.0, 0.0), Side.BELOW: (0.0, -1.0), Side.ABOVE: (0.0, 1.0)}


def bounds(places: Array, margin: float) -> Frame:
    """Return the smallest upright frame around `places` (m, shape (n, 2)) with `margin` (m) on every side."""
    low, high = places.min(axis=0) - margin, places.max(axis=0) + margin
    centre, size = (low + high) / 2, high - low
    return Frame(x=float(centre[0]), y=float(centre[1]), width=float(size[0]), height=float(size[1]))


def patch(points: Frame, size: float, gap: float, side: Side) -> Frame:
    """Return a square of `size` (m) beside the frame of the points, `gap` (m) away from it."""
    if side is Side.AUTO:
        return min((patch(points, size, gap, each) for each in _DIRECTIONS), key=_reach)
    centre = _beside(points, gap + size / 2, side)
    return Frame(x=centre[0], y=centre[1], width=size, height=size, angle=points.angle)


def spot(points: Frame, image: Frame, gap: float) -> tuple[float, float]:
    """Return a place (m) between the points and the patch beside them, `gap`/2 from either."""
    towards = np.array([image.x - points.x, image.y - points.y])
    direction = towards / np.hypot(*towards)
    place = np.array([image.x, image.y]) - direction * (image.width / 2 + gap / 2)
    return float(place[0]), float(place[1])


def _beside(points: Frame, distance: float, side: Side) -> tuple[float, float]:
    across, up = _DIRECTIONS[side]
    local = np.array([[across * (points.width / 2 + distance), up * (points.height / 2 + distance)]])
    x, y = points.to_scanner(local)[0]
    return float(x), float(y)


def _reach(frame: Frame) -> float:
    return float(np.abs(frame.corners()).max())
