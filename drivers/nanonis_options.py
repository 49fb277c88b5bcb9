"""What a bench file says of a Nanonis controller."""

import math
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from nanoprobe.roles import ForceCalibration


class Options(BaseModel):
    """Options of the driver `nanonis` in a bench file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    abort_resource: str = Field(description="VISA resource of a second port of the same controller, for stopping it")
    deflection_sensitivity: float | None = Field(
        None, gt=0, description="bending of the lever per deflection signal (m/V)"
    )
    spring_constant: float | None = Field(None, gt=0, description="spring constant of the lever (N/m)")
    poll_interval: float = Field(0.02, ge=0, le=1, description="pause between two looks at a running motion (s)")
    approach_timeout: float = Field(600.0, gt=0, description="longest coarse approach (s)")
    speed: float = Field(5e-6, gt=0, le=1e-3, description="speed of moves from point to point (m/s)")
    feedback: str = Field(
        "Deflection", description="name of the Z controller that holds the contact, as it is listed there"
    )
    channels: dict[str, str] = Field(
        {}, description="our channel name = the controller's signal name, where they differ"
    )
    safe_tip_signal: Literal["current", "deflection"] = Field("current", description="the signal the safe tip watches")
    z_limits: tuple[float, float] | None = Field(
        None, description="lowest and highest Z the controller may go to (m); without it they stay as they are there"
    )
    release: int | None = Field(
        None, description="real-time release (like 13742), where the controller tells it wrongly"
    )
    logger_port: int = Field(
        6590,
        ge=0,
        le=65535,
        description="port of the TCP logger's stream, for dense samples at one bias; 0: the host samples instead",
    )
    timeout: float = Field(5.0, gt=0, le=60, description="longest wait for the answer to a short command (s)")

    @field_validator("z_limits")
    @classmethod
    def _in_order(cls, limits: tuple[float, float] | None) -> tuple[float, float] | None:
        if limits is not None and not -math.inf < limits[0] < limits[1] < math.inf:
            raise ValueError(f"the lowest Z must lie below the highest, got {limits[0]:g} and {limits[1]:g} m")
        return limits

    @property
    def calibration(self) -> ForceCalibration | None:
        """Deflection to force, None when not both numbers are given."""
        if self.deflection_sensitivity is None or self.spring_constant is None:
            return None
        return ForceCalibration(self.deflection_sensitivity, self.spring_constant)

    def stream(self, resource: str) -> str:
        """Return the VISA resource of the TCP logger's stream, on the computer of `resource`; "" where it is not used."""
        parts = resource.split("::")
        return "::".join([*parts[:2], str(self.logger_port), "SOCKET"]) if self.logger_port and len(parts) > 2 else ""
