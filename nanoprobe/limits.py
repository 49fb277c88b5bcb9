"""The safety envelope: the hard limits of a bench, and how a value is held against them. Nothing is ever clipped."""

import math

from pydantic import BaseModel, ConfigDict, Field

from nanoprobe.errors import LimitExceeded
from nanoprobe.units import si


class Limits(BaseModel):
    """Hard limits, each the largest magnitude allowed; SI units. A plan's own trips lie below them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    bias: float = Field(10.0, gt=0, le=200, description="largest |bias| (V)")
    current: float = Field(1e-6, gt=0, le=1, description="largest |current| (A)")
    force: float = Field(1e-6, gt=0, le=1e-3, description="largest force (N)")
    scan_range: float = Field(10e-6, gt=0, le=1e-3, description="largest |x|, |y| of the tip (m)")
    slew_rate: float = Field(100.0, gt=0, le=1e6, description="largest |d bias/dt| (V/s)")
    charge: float = Field(100e-9, gt=0, le=1, description="largest charge per point (C)")

    cell_voltage: float = Field(5.0, gt=0, le=20, description="largest |voltage| at a cell (V)")
    cell_current: float = Field(10e-3, gt=0, le=10, description="largest |current| through a cell (A)")
    cell_temperature: float = Field(333.15, gt=200, le=1000, description="largest temperature of a cell (K)")

    def check_bias(self, value: float, who: str) -> None:
        """Raise LimitExceeded when |value| (V) is beyond `bias`."""
        _check(value, self.bias, "V", "bias", who)

    def check_current(self, value: float, who: str) -> None:
        """Raise LimitExceeded when |value| (A) is beyond `current`."""
        _check(value, self.current, "A", "current", who)

    def check_force(self, value: float, who: str) -> None:
        """Raise LimitExceeded when |value| (N) is beyond `force`."""
        _check(value, self.force, "N", "force", who)

    def check_place(self, x: float, y: float, who: str) -> None:
        """Raise LimitExceeded when scanner position x, y (m) is beyond `scan_range`."""
        _check(x, self.scan_range, "m", "scan_range", f"{who} x")
        _check(y, self.scan_range, "m", "scan_range", f"{who} y")

    def check_slew(self, value: float, who: str) -> None:
        """Raise LimitExceeded when |value| (V/s) is beyond `slew_rate`."""
        _check(value, self.slew_rate, "V/s", "slew_rate", who)

    def check_charge(self, value: float, who: str) -> None:
        """Raise LimitExceeded when |value| (C) is beyond `charge`."""
        _check(value, self.charge, "C", "charge", who)

    def check_cell_voltage(self, value: float, who: str) -> None:
        """Raise LimitExceeded when |value| (V) is beyond `cell_voltage`."""
        _check(value, self.cell_voltage, "V", "cell_voltage", who)

    def check_cell_current(self, value: float, who: str) -> None:
        """Raise LimitExceeded when |value| (A) is beyond `cell_current`."""
        _check(value, self.cell_current, "A", "cell_current", who)


_ROUNDING = 1e-9
"""Relative slack, so that a limit can be used to the full after unit conversions."""


def _check(value: float, limit: float, unit: str, name: str, who: str) -> None:
    if not math.isfinite(value) or abs(value) > limit * (1 + _ROUNDING):
        raise LimitExceeded(
            f"{who}: {si(value, unit)} is beyond the bench's limit of {si(limit, unit)} ([limits] {name}); "
            f"choose a smaller value, or raise the limit in the bench file if the sample and tip allow it"
        )
