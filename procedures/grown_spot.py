"""What an earlier run has grown at a spot: where, and how much."""

import math
from dataclasses import dataclass
from pathlib import Path

from nanoprobe.errors import BadInput
from nanoprobe.units import si

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
    """Return what the growth run at `path` left. Raises BadInput where nothing was grown, or its end was not stored."""
    # Here, since it loads xarray and zarr, which listing the procedures does not need.
    from nanoprobe.storage import open_run

    if not path:
        raise BadInput(
            "growth_run is empty: a heal needs the run that has grown something at the spot (chrono-growth, ...)"
        )
    with open_run(Path(path)) as run:
        growth = run.tables.get("growth")
        if growth is None or growth.sizes["spot"] == 0:
            raise BadInput(
                f"growth_run {path} has grown nothing: it is a {run.header.procedure} run that is {run.status}"
            )
        charge, error = float(growth["charge"][-1]), float(growth["charge_error"][-1])
        x, y = (float(run.points[name][0]) for name in ("x", "y"))
    if not -charge > SIGNIFICANT * error or math.isnan(error):
        raise BadInput(
            f"growth_run {path} has grown nothing that can be told from zero: {si(charge, 'C')} with an uncertainty of "
            f"{si(error, 'C')}"
        )
    return GrownSpot(x, y, -charge, error)
