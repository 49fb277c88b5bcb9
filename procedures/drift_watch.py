"""Following the sample's drift: the same patch is imaged again and again, and the points move with it."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from nanoprobe.analysis.drift import DriftTrack, Shift, measure_shift
from nanoprobe.errors import NanoprobeError
from nanoprobe.geometry import Frame
from nanoprobe.roles import Array
from nanoprobe.units import si
from procedures.inputs import percent

RETRIES = 1


@dataclass(frozen=True, slots=True)
class Correction:
    """How far places have moved since they were laid out: `x`, `y` m; `confidence` 0..1, NaN when never measured."""

    x: float = 0.0
    y: float = 0.0
    confidence: float = math.nan


class DriftWatch:
    """Measures drift against a first image and carries it forward linearly in between.

    `take` scans a frame and returns its height, shape (lines, pixels); `clock` is the instruments' time (s);
    `ask` is called with the problem when two images in a row match with less than `least` confidence, and
    raises unless a person has looked. `base` was known before the first image.
    """

    def __init__(
        self,
        take: Callable[[Frame], Array],
        frame: Frame,
        clock: Callable[[], float],
        least: float,
        ask: Callable[[str], None],
        base: Correction,
    ) -> None:
        self._take = take
        self._frame = replace(frame, x=frame.x + base.x, y=frame.y + base.y)
        self._clock = clock
        self._least = least
        self._ask = ask
        self._base = base
        self._confidence = base.confidence
        self._reference: Array = np.empty((0, 0))
        self._track: DriftTrack | None = None

    def begin(self) -> None:
        """Take the image all later ones are held against."""
        self._reference = self._take(self._frame)
        self._track = DriftTrack.start(self._clock())

    def update(self) -> Correction:
        """Take the patch again where it should be by now, and return the correction as measured."""
        for _ in range(1 + RETRIES):
            expected = self._moved(self._clock())
            shift = self._measure(expected)
            if shift.confidence >= self._least:
                return self._keep(expected, shift)
        self._ask(
            f"the image at x {si(self._frame.x, 'm')}, y {si(self._frame.y, 'm')} matches the first one with only "
            f"{percent(shift.confidence)} confidence ({percent(self._least)} needed): the tip may be blunt or have "
            f"picked something up, or the sample moved too far; check both before going on"
        )
        return self.correction()

    def correction(self, when: float | None = None) -> Correction:
        """Return the correction for the time `when` (s), None for now: the images so far, carried on linearly."""
        x, y = self._moved(self._clock() if when is None else when)
        return Correction(self._base.x + x, self._base.y + y, self._confidence)

    @property
    def track(self) -> DriftTrack:
        """What was measured so far. Raises NanoprobeError before the first image."""
        return self._begun()

    def _measure(self, expected: tuple[float, float]) -> Shift:
        frame = replace(self._frame, x=self._frame.x + expected[0], y=self._frame.y + expected[1])
        image = self._take(frame)
        return measure_shift(self._reference, image, frame)

    def _keep(self, expected: tuple[float, float], shift: Shift) -> Correction:
        self._track = self._begun().add(self._clock(), expected[0] + shift.x, expected[1] + shift.y)
        self._confidence = shift.confidence
        return self.correction()

    def _moved(self, when: float) -> tuple[float, float]:
        """Return the movement since the first image (m): the last one measured, carried on at the present rate."""
        return (0.0, 0.0) if self._track is None else self._track.at(when)

    def _begun(self) -> DriftTrack:
        if self._track is None:
            raise NanoprobeError("drift was asked for before the first image was taken")
        return self._track
