"""What the Z controller's state machine is made of: its states, its tasks over time, the steps of an approach."""

from collections.abc import Callable
from enum import IntEnum

from sim_instruments.world import World

APPROACH_SPEED = 20e-6
"""Coarse part of the approach within the piezo's range (m/s)."""
LANDING_SPEED = 0.5e-6
"""Last part of it (m/s)."""
LANDING_ZONE = 50e-9
"""Height above the sample at which the approach slows down (m)."""


class Status(IntEnum):
    """As ZCtrl.StatusGet numbers them."""

    OFF = 1
    ON = 2
    HOLD = 3
    SWITCHING_OFF = 4
    SAFE_TIP = 5
    WITHDRAWING = 6


class ZTask:
    """Something the Z controller does over time; an operation of the timeline."""

    def __init__(self, due: float, act: Callable[["ZTask"], None]) -> None:
        self.due = due
        self._act = act

    def step(self) -> None:
        """Do what is due."""
        self._act(self)


def approach_step(world: World) -> tuple[float, float]:
    """Return the next step towards the sample (m) and its duration (s): fast from afar, slow near it."""
    height = world.tip.z - world.height_under_tip()
    if height > LANDING_ZONE:
        step = min(APPROACH_SPEED * 10e-3, height - 0.8 * LANDING_ZONE)
        return step, step / APPROACH_SPEED
    return 1e-9, 1e-9 / LANDING_SPEED
