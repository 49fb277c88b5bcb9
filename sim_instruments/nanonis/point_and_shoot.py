"""Point & Shoot: an experiment that the controller begins by itself wherever Follow Me has brought the tip.

Assumed, since the protocol does not say: it begins when the move has ended and the delay is over, and a place reached
while an experiment runs starts none. No files are written, so base names are kept only. An external VI is somebody else's
program: selected, it does nothing here.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from sim_instruments.nanonis.routine import Routine, Steps

if TYPE_CHECKING:
    from sim_instruments.nanonis.controller import Controller

EXTERNAL = "External VI"


class Experiment(Protocol):
    """What a spectroscopy module offers to Point & Shoot."""

    @property
    def running(self) -> bool:
        """Whether a measurement is under way."""

    def shoot(self) -> None:
        """Begin a measurement."""


class PointAndShoot:
    """Its settings, and what it does at the end of a move."""

    def __init__(self, controller: "Controller", experiments: Callable[[], dict[str, Experiment]]) -> None:
        self._controller, self._experiments = controller, experiments
        self.on = False
        self.selected = 0
        self.auto_resume, self.own_base_name = True, True
        self.base_name, self.external = "PointShoot", ""
        self.delay = 0.0
        """Wait at each place before the experiment (s)."""

    @property
    def names(self) -> tuple[str, ...]:
        """The experiments to choose from."""
        return (*self._experiments(), EXTERNAL)

    def arrive(self) -> None:
        """The tip has come to the place it was sent to."""
        experiment = self._experiments().get(self.names[self.selected])
        if self.on and experiment is not None and not experiment.running:
            Routine(self._controller.timeline, self._shot(experiment))

    def _shot(self, experiment: Experiment) -> Steps:
        yield self.delay
        if not experiment.running:
            experiment.shoot()
