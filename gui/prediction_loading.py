"""A stored prediction as the panel takes it. Called in the making thread; knows no Qt."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from gui.map_points import MapPoints
from nanoprobe.geometry import Frame
from nanoprobe.records import PointState
from nanoprobe.roles import Array
from nanoprobe.storage import open_run

if TYPE_CHECKING:
    from nanoprobe.analysis.weakness_run import Beside

COUNT, APART = 40, 0.4e-6
"""How many places are picked to test a prediction, half of them weak, and how far apart they are at least (m)."""
SEED = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownPrediction:
    """`voltage` (V, shape (lines, pixels)) predicted in `frame`; the measured `points` with what was `predicted` there (V).

    `rho`: the rank correlation as text, empty without one; `words`: what follows from it; `places`: where to test it (m).
    """

    path: Path
    simulated: bool
    map_run: Path
    frame: Frame
    voltage: Array = field(repr=False)
    points: MapPoints = field(repr=False)
    predicted: Array = field(repr=False)
    rho: str
    words: str
    places: Array = field(repr=False)


def load_prediction(path: Path) -> ShownPrediction:
    """Read a stored prediction. Raises BadInput and StorageError as `open_run`."""
    # Imported here: statistics and figures take a second, which the start of the app can do without.
    from nanoprobe.analysis.prediction import judge, verdict
    from nanoprobe.analysis.weakness_run import stored_beside, stored_weakness

    with open_run(path) as run:
        weakness, beside = stored_weakness(run), stored_beside(run)
        map_run, simulated = Path(run.header.extra["made_from"]["map"]), run.simulated
    found = None if beside is None else judge(beside, SEED)
    return ShownPrediction(
        path=path,
        simulated=simulated,
        map_run=map_run,
        frame=weakness.frame,
        voltage=weakness.voltage,
        points=_points(beside),
        predicted=np.empty(0) if beside is None else beside.predicted,
        rho="" if found is None else found.rho.text,
        words=" ".join(verdict(found)),
        places=weakness.picks(COUNT, APART),
    )


def _points(beside: "Beside | None") -> MapPoints:
    points = MapPoints()
    if beside is not None:
        points.place(beside.places)
        points.state[:] = PointState.DONE
        points.voltage, points.triggered = beside.strengths.middle, beside.strengths.failed
    return points
