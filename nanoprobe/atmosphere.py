"""The glovebox: oxygen and water as its sensors tell, where a bench has them, and the interlock beyond their limits."""

from collections.abc import Callable, Mapping

from pydantic import BaseModel, ConfigDict, Field

from nanoprobe.errors import BadInput
from nanoprobe.interlock import Interlock

EVERY = 50
"""Calls of a watch between two looks at the sensors while a scan runs: air leaks in over seconds, not milliseconds."""


class Sensor(BaseModel):
    """One sensor's analogue output, read at an input of the controller. Fractions of the gas are parts of one."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    channel: str = Field(
        min_length=1, description="the probe's channel it is read at, as the probe's `channels` names it"
    )
    per_volt: float = Field(gt=0, le=1, description="fraction of the gas per volt (1/V); 1 ppm per volt is 1e-6")
    limit: float = Field(gt=0, le=1, description="largest fraction allowed (1); 5 ppm is 5e-6")


class AtmosphereTable(BaseModel):
    """`[atmosphere]`: the sensors of the glovebox, each optional."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    oxygen: Sensor | None = Field(None, description="oxygen sensor")
    water: Sensor | None = Field(None, description="moisture sensor")

    def sensors(self) -> dict[str, Sensor]:
        """Return the sensors there are, by gas."""
        found = {"oxygen": self.oxygen, "water": self.water}
        return {gas: sensor for gas, sensor in found.items() if sensor is not None}


class Atmosphere:
    """Looks at the sensors; `read` returns channels of the probe (V) by name."""

    def __init__(self, table: AtmosphereTable, read: Callable[..., Mapping[str, float]], interlock: Interlock) -> None:
        self._sensors = table.sensors()
        self._read = read
        self._interlock = interlock
        self._calls = 0

    def require(self, channels: Mapping[str, str]) -> None:
        """Raise BadInput when the controller lacks a sensor's channel: a limit that nobody reads protects nothing."""
        for gas, sensor in self._sensors.items():
            if channels.get(sensor.channel) != "V":
                raise BadInput(
                    f"[atmosphere] {gas}: the controller has no channel '{sensor.channel}' in volts; name its signal "
                    f'under [instruments.probe] channels, for example channels = {{ {sensor.channel} = "Input 3" }}'
                )

    def check(self) -> None:
        """Latch the interlock when a gas is beyond its limit, and raise Interlocked. Costs nothing without sensors."""
        if not self._sensors:
            return
        values = self._read(*[sensor.channel for sensor in self._sensors.values()])
        for gas, sensor in self._sensors.items():
            fraction = values[sensor.channel] * sensor.per_volt
            if not fraction <= sensor.limit:
                self._interlock.latch(
                    f"{gas} in the glovebox is {1e6 * fraction:.3g} ppm, {1e6 * sensor.limit:.3g} ppm are allowed"
                )
        self._interlock.check()

    def glance(self) -> None:
        """Check at every `EVERY`th call; for watches that are called all the time."""
        self._calls += 1
        if self._calls % EVERY == 0:
            self.check()
