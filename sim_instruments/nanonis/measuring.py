"""What the spectroscopies do with a measurement: begin it, wait for its end, stop it. Their commands bear the module's name."""

import math
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from sim_instruments.nanonis.registry import CommandError, Cost, Module, command
from sim_instruments.nanonis.routine import Routine, Steps
from sim_instruments.nanonis.signals import NAMES
from sim_instruments.nanonis.spectroscopy_data import SpectroscopyData
from sim_instruments.timeline import Session

if TYPE_CHECKING:
    from sim_instruments.nanonis.controller import Controller


class Measurement(Protocol):
    """One measurement: its settings as they were at the start, and its data."""

    data: SpectroscopyData
    save_all: bool

    def steps(self) -> Steps:
        """Run the measurement; yields waiting times (s)."""

    def parameters(self) -> list[float]:
        """Return the fixed parameters and the parameters of the measurement, in that order."""


class MeasuringModule(Module, ABC):
    """One measurement at a time; settings changed while it runs count for the next one. No files are written."""

    experiment: ClassVar[str]
    """What Point & Shoot calls it."""

    def __init__(self, controller: "Controller") -> None:
        super().__init__(controller)
        self._routine: Routine | None = None
        controller.experiments[self.experiment] = self

    @abstractmethod
    def _measurement(self) -> Measurement:
        """Return the next measurement. Raises CommandError where the settings make none."""

    @property
    def running(self) -> bool:
        """Whether a measurement is under way."""
        return self._routine is not None and not self._routine.done

    @command(".Open", cost=Cost.SET)
    def open(self, session: Session) -> None:
        """Open the module's window; there is none here."""

    @command(".Start", "I s", "as 2f af", Cost.OWN)
    async def start(self, session: Session, get_data: int, base_name: str) -> tuple[Any, ...]:
        """Measure; the connection is blocked until the end. Without data wanted all arrays are empty."""
        session.command()
        routine, measurement = self._begin()
        await session.until(lambda: routine.done, math.inf)
        if not get_data:
            return [], [], []
        data, save_all = measurement.data, measurement.save_all
        names = data.names([NAMES[index] for index in data.channels], save_all)
        return names, data.rows(save_all), measurement.parameters()

    def shoot(self) -> None:
        """Begin a measurement by itself; see `Experiment`."""
        self._begin()

    def _begin(self) -> tuple[Routine, Measurement]:
        if self.running:
            raise CommandError(f"A measurement of {self.experiment} is already running")
        measurement = self._measurement()
        self._routine = Routine(self.controller.timeline, measurement.steps())
        return self._routine, measurement

    @command(".Stop", cost=Cost.SET)
    def stop(self, session: Session) -> None:
        """End the measurement now; everything goes back as at its normal end."""
        if self._routine is not None:
            self._routine.interrupt()

    @command(".StatusGet", reply="I", cost=Cost.POLL)
    def status(self, session: Session) -> tuple[int]:
        """Return 1 while a measurement runs."""
        return (int(self.running),)
