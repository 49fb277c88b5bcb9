"""One line of an image in a row of numbers, for PyMeasure's `results`."""

import numpy as np

from nanoprobe.roles import ScanLine, ScanPlan

COLUMNS = (
    "frame",
    "line",
    "distance (m)",
    "mean current (A)",
    "largest current (A)",
    "mean retrace current (A)",
    "mean height (m)",
)
"""`distance`: from the frame's lower edge; `largest current`: largest |current| of trace and retrace."""


def summary(line: ScanLine, plan: ScanPlan, frame: int) -> dict[str, float]:
    """Return the row of a line of image `frame`."""
    current = line.values["current"].astype(np.float64)
    height = line.values["height"][0] if "height" in line.values else np.array([np.nan])
    values = (
        float(frame),
        float(line.index),
        (line.index + 0.5) / plan.lines * plan.frame.height,
        float(current[0].mean()),
        float(np.abs(current).max()),
        float(current[1].mean()),
        float(height.astype(np.float64).mean()),
    )
    return dict(zip(COLUMNS, values, strict=True))
