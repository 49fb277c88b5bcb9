"""The measurement loops: when they measure, and what they hand to the script each time."""

import math
from collections.abc import Callable, Iterator
from typing import Final

import numpy as np

from sim_instruments.emstat4 import errors
from sim_instruments.emstat4.errors import ScriptError
from sim_instruments.emstat4.frontend import GALVANOSTAT, Frontend
from sim_instruments.emstat4.packages import Value

MARKS: Final = {
    "meas_loop_lsv": "0000",
    "meas_loop_cv": "0005",
    "meas_loop_ca": "0007",
    "meas_loop_cp": "000A",
    "meas_loop_ocp": "000B",
    "meas_loop_eis": "000D",
    "meas_loop_geis": "000E",
    "meas_loop_lsp": "000F",
}
"""What a loop's output begins with, behind M."""
SHORTEST_SPECTRUM_POINT: Final = 0.1
PERIODS: Final = 3
"""An impedance takes so many periods, and no less than the time (s) above."""
SHORTEST_INTERVAL: Final = 1e-4
MOST_STEPS: Final = 10_000_000

Point = tuple[float, tuple[Callable[[], Value], ...], str]
"""Time to wait (s), what fills the loop's variables then, and what is sent before (a mark, or nothing)."""


class Loops:
    """Points of every kind of loop on one front end. `reversed_scan` is set when a scan shall turn around at once."""

    def __init__(self, frontend: Frontend) -> None:
        self._frontend = frontend
        self.turn_now = False

    def points(self, name: str, numbers: list[float], scans: int) -> Iterator[Point]:
        """Return the points of the loop `name` with its arguments behind the variables."""
        self.turn_now = False
        self._check(name)
        return {
            "meas_loop_ocp": self._open_circuit,
            "meas_loop_ca": self._steady,
            "meas_loop_cp": self._steady,
            "meas_loop_lsv": self._sweep,
            "meas_loop_lsp": self._sweep,
            "meas_loop_cv": lambda kind, given: self._cycles(given, scans),
            "meas_loop_eis": self._spectrum,
            "meas_loop_geis": self._spectrum,
        }[name](name, numbers)

    def _check(self, name: str) -> None:
        frontend = self._frontend
        if name == "meas_loop_ocp":
            if frontend.on:
                raise ScriptError(errors.OCP_WITH_CELL_ON)
            return
        if (name in _GALVANOSTATIC) is not (frontend.mode == GALVANOSTAT):
            raise ScriptError(errors.INVALID_FOR_MODE)
        if not frontend.on:
            raise ScriptError(errors.NEEDS_CELL_ON)

    def _open_circuit(self, name: str, given: list[float]) -> Iterator[Point]:
        interval, duration = given
        for _ in range(_count(duration, interval)):
            yield interval, (self._frontend.read_potential,), ""

    def _steady(self, name: str, given: list[float]) -> Iterator[Point]:
        level, interval, duration = given
        read = self._set(name, level)
        for _ in range(_count(duration, interval)):
            yield interval, read, ""

    def _set(self, name: str, level: float) -> tuple[Callable[[], Value], ...]:
        """Impose `level`; return what reads potential and current."""
        frontend = self._frontend
        if name in _GALVANOSTATIC:
            frontend.set_current(level)
            return frontend.read_potential, lambda: frontend.set_value("db")
        frontend.set_potential(level)
        return lambda: frontend.set_value("da"), frontend.read_current

    def _sweep(self, name: str, given: list[float]) -> Iterator[Point]:
        start, stop, step, rate = given
        interval = _step_time(step, rate)
        for level in _levels(start, stop, step):
            yield interval, self._set(name, float(level)), ""

    def _cycles(self, given: list[float], scans: int) -> Iterator[Point]:
        begin, first, second, step, rate = given
        interval = _step_time(step, rate)
        for scan in range(scans):
            mark = f"C{scan:04X}" if scans > 1 else ""
            at = begin
            for turn in (first, second, begin):
                if abs(turn - at) < step / 2:  # a scan may turn where it begins
                    continue
                for level in _levels(at, turn, step):
                    at = float(level)
                    yield interval, self._set("meas_loop_cv", at), mark
                    mark = ""
                    if self.turn_now:
                        self.turn_now = False
                        break
            if scans > 1:
                yield 0.0, (), "-"

    def _spectrum(self, name: str, given: list[float]) -> Iterator[Point]:
        amplitude, first, last, count, level = given
        if count < 1 or count != int(count) or min(amplitude, first, last) <= 0:
            raise ScriptError(errors.MUST_BE_POSITIVE)
        if max(first, last) > self._frontend.kind.frequency * (1 + 1e-6):
            raise ScriptError(errors.OUT_OF_BOUNDS)
        self._set(name, level)
        for frequency in np.geomspace(first, last, int(count)) if count > 1 else (first,):
            yield (
                max(SHORTEST_SPECTRUM_POINT, PERIODS / frequency),
                self._at(float(frequency), amplitude),
                "",
            )

    def _at(self, frequency: float, amplitude: float) -> tuple[Callable[[], Value], ...]:
        read: list[Value] = []

        def real() -> Value:
            read[:] = self._frontend.read_impedance(frequency, amplitude)
            return read[0]

        return (lambda: Value("dc", frequency, False, 0, None)), real, (lambda: read[1])


_GALVANOSTATIC: Final = ("meas_loop_cp", "meas_loop_lsp", "meas_loop_geis")


def _count(duration: float, interval: float) -> int:
    if interval < SHORTEST_INTERVAL:
        raise ScriptError(errors.TIMING)
    count = math.floor(duration / interval + 1e-6)
    if not 1 <= count <= MOST_STEPS:
        raise ScriptError(errors.NO_STEP)
    return count


def _step_time(step: float, rate: float) -> float:
    if step <= 0 or rate <= 0:
        raise ScriptError(errors.MUST_BE_POSITIVE)
    if step / rate < SHORTEST_INTERVAL:
        raise ScriptError(errors.TIMING)
    return step / rate


def _levels(start: float, stop: float, step: float) -> "np.ndarray[tuple[int], np.dtype[np.float64]]":
    """Return the levels from `start` on, `stop` included."""
    count = round(abs(stop - start) / step)
    if not 1 <= count <= MOST_STEPS:
        raise ScriptError(errors.NO_STEP)
    return np.linspace(start, stop, count + 1)
