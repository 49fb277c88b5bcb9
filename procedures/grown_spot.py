"""What an earlier run has grown at a spot: where, and how much."""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from nanoprobe.errors import BadInput
from nanoprobe.units import si

if TYPE_CHECKING:
    import xarray as xr

    from nanoprobe.storage import Run

SIGNIFICANT = 3.0
"""A charge counts from so many of its standard uncertainties on."""


@dataclass(frozen=True, slots=True)
class GrownSpot:
    """`x`, `y` m; `charge` plated (C, positive) and its standard uncertainty `error` (C)."""

    x: float
    y: float
    charge: float
    error: float


def read_grown_spot(path: str) -> GrownSpot:
    """Return what the run at `path` left: a growth run, or a trigger ramp.

    Raises BadInput where nothing was grown, or its end was not stored.
    """
    # Here, since it loads xarray and zarr, which listing the procedures does not need.
    from nanoprobe.storage import open_run

    if not path:
        raise BadInput(
            "growth_run is empty: a heal needs the run that has grown something at the spot (chrono-growth, ...)"
        )
    with open_run(Path(path)) as run:
        charge, error = _plated(run)
        if math.isnan(charge):
            raise BadInput(
                f"growth_run {path} has grown nothing: it is a {run.header.procedure} run that is {run.status}"
            )
        x, y = (float(run.points[name][0]) for name in ("x", "y"))
    if not -charge > SIGNIFICANT * error or math.isnan(error):
        raise BadInput(
            f"growth_run {path} has grown nothing that can be told from zero: {si(charge, 'C')} with an uncertainty of "
            f"{si(error, 'C')}"
        )
    return GrownSpot(x, y, -charge, error)


def _plated(run: "Run") -> tuple[float, float]:
    """Return the charge plated and its standard uncertainty (C), NaN where nothing was."""
    growth = run.tables.get("growth")
    if growth is not None and growth.sizes["spot"]:
        return float(growth["charge"][-1]), float(growth["charge_error"][-1])
    if run.header.procedure == "trigger-ramp" and run.points.sizes["point"] and run.points["triggered"][0] == 1:
        return _plated_by_ramp(run.points.isel(point=0), float(run.header.parameters["sample_rate"]))
    return math.nan, math.nan


def _plated_by_ramp(point: "xr.Dataset", rate: float) -> tuple[float, float]:
    """Return the charge of a ramp; between the surge's samples and until the output was off, any current may have passed."""
    unseen = 1.0 / rate + np.nan_to_num(float(point["trip_latency"]))
    return float(point["charge"]), float(point["peak_current"]) * unseen / math.sqrt(12)
