"""Faults of the instruments' own state: each begins before a command is done, and ends where it can be undone."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sim_instruments.emstat4.errors import UNKNOWN_SCRIPT_COMMAND
from sim_instruments.faults.ailment import Ailment
from sim_instruments.faults.fault import Fault
from sim_instruments.faults.kinds import POTENTIOSTAT, SOURCE_METER
from sim_instruments.nanonis.scan import Scan
from sim_instruments.nanonis.util import Util
from sim_instruments.scpi import ScpiError

if TYPE_CHECKING:
    from sim_instruments.emstat4.device import Device
    from sim_instruments.keithley2450 import Keithley2450Sim
    from sim_instruments.nanonis.controller import Controller

REFUSAL = "This cannot be done now (a fault put in on purpose)"


@dataclass(frozen=True)
class Simple:
    """A fault that is begun by one action and ended by another, any number of times."""

    on: Callable[[], None]
    off: Callable[[], None]

    def begin(self) -> bool:
        """Bring it about."""
        self.on()
        return True

    def end(self) -> None:
        """Undo it."""
        self.off()


class ScanStopped:
    """Somebody presses Stop in the scan's window: now, or during the next scan."""

    def __init__(self, controller: "Controller") -> None:
        self._scan = controller.module(Scan)

    def begin(self) -> bool:
        """Stop the scan that runs; False where none does."""
        if not self._scan.running:
            return False
        self._scan.stop()
        return True

    def end(self) -> None:
        """Nothing: the scan has ended."""


class ZLimit:
    """The lower limit of Z stands above the tip, so that it comes down no more."""

    def __init__(self, controller: "Controller", distance: float) -> None:
        self._z = controller.z
        self._distance = distance
        self._before: tuple[float, float] | None = None

    def begin(self) -> bool:
        """Raise the limit."""
        if self._before is None:
            self._before = self._z.hardware_limits
            top = self._before[1]
            self._z.hardware_limits = (min(top, self._z.position + self._distance), top)
            self._z.obey_limits()
        return True

    def end(self) -> None:
        """Lower it again."""
        if self._before is not None:
            self._z.hardware_limits, self._before = self._before, None


def ailment(fault: Fault, meter: "Keithley2450Sim", controller: "Controller", potentiostat: "Device") -> Ailment:
    """Return what `fault` does to the instrument it belongs to."""
    if fault.spec.instrument == SOURCE_METER:
        return _of_meter(fault, meter)
    if fault.spec.instrument == POTENTIOSTAT:
        return _of_potentiostat(fault, potentiostat)
    return _of_probe(fault, controller)


def _of_meter(fault: Fault, meter: "Keithley2450Sim") -> Simple:
    instrument, spec = meter.instrument, fault.spec
    if spec.kind == "error":
        return Simple(lambda: instrument.status.report(ScpiError(round(spec.number))), lambda: None)
    if spec.kind == "wrong-model":
        return _changed(instrument, "model_name", str(spec.value))
    if spec.kind == "wrong-language":
        return _changed(instrument, "language", str(spec.value))
    if spec.kind == "interlock":
        return Simple(lambda: instrument.source.inhibit(True), lambda: instrument.source.inhibit(False))
    return _changed(instrument.meter, "overloaded", True)


def _of_potentiostat(fault: Fault, device: "Device") -> Ailment:
    spec = fault.spec
    if spec.kind == "error":
        code = UNKNOWN_SCRIPT_COMMAND if spec.number < 0 else round(spec.number)
        return Simple(lambda: setattr(device, "refusal", code), lambda: None)
    if spec.kind == "wrong-model":
        return _changed(device, "prefix", str(spec.value))
    if spec.kind == "reset":
        return Simple(device.reset, lambda: None)
    return _changed(device.frontend, "overloaded", True)


def _of_probe(fault: Fault, controller: "Controller") -> Ailment:
    spec = fault.spec
    if spec.kind == "error":
        return _changed(controller, "refusal", REFUSAL)
    if spec.kind == "wrong-model":
        return _changed(controller.module(Util), "product", str(spec.value))
    if spec.kind == "motion-short":
        return _changed(controller.motion, "reach", spec.number)
    if spec.kind == "z-limit":
        return ZLimit(controller, spec.number)
    if spec.kind == "snap-off":
        return _changed(controller.world.tip, "lost", True)
    if spec.kind == "saturation":
        return _changed(controller.preamp, "saturated", True)
    return ScanStopped(controller)


def _changed(thing: object, attribute: str, value: object) -> Simple:
    """Return the fault that a part's `attribute` is `value`."""
    before = getattr(thing, attribute)
    return Simple(lambda: setattr(thing, attribute, value), lambda: setattr(thing, attribute, before))
