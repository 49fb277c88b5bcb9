"""Module ZSpectr: Z spectroscopy, that is, sweeps of Z with the signals recorded on the way: force curves.

Commands and arguments are those SPECS' own client (nanonis-spm 1.0.9) knows. Not said there, and assumed here: positive
Z is away from the sample, as everywhere in this controller; the auto retract ends the forward sweep and the backward
sweep, if there is one, starts from there.
"""

import math
from dataclasses import replace
from typing import Any

from sim_instruments.nanonis.acquisition import check_signals
from sim_instruments.nanonis.codes import finite, switched
from sim_instruments.nanonis.measuring import MeasuringModule
from sim_instruments.nanonis.registry import CommandError, Cost, command
from sim_instruments.nanonis.signals import NAMES
from sim_instruments.nanonis.spectroscopy_data import backward_name
from sim_instruments.nanonis.spectroscopy_settings import quantised
from sim_instruments.nanonis.z_spectroscopy_advanced import ZAdvancedCommands
from sim_instruments.nanonis.z_spectroscopy_settings import ZTiming
from sim_instruments.nanonis.z_sweep import ZSweep
from sim_instruments.timeline import Session

FIXED_PARAMETERS = ("Z sweep start (m)", "Z sweep distance (m)")
PARAMETERS = ("X (m)", "Y (m)", "Z (m)", "Settling time (s)", "Integration time (s)", "Final Z (m)")
MAX_POINTS = 1_000_000


class ZSpectr(ZAdvancedCommands, MeasuringModule):
    """The sweeps' settings; see `MeasuringModule` for what is done with them."""

    experiment = "Z Spectroscopy"

    def _measurement(self) -> ZSweep:
        return ZSweep(self.controller, self.settings)

    # --- channels and properties
    @command("ZSpectr.ChsSet", "ai", cost=Cost.SET)
    def set_channels(self, session: Session, channels: list[int]) -> None:
        """Choose the recorded signals."""
        self.settings = replace(self.settings, channels=check_signals(channels))

    @command("ZSpectr.ChsGet", reply="ai as")
    def channels(self, session: Session) -> tuple[Any, ...]:
        """Return the recorded signals and the names of the rows they make."""
        names = [NAMES[index] for index in self.settings.channels]
        rows = [*names, *map(backward_name, names)] if self.settings.backward else names
        return list(self.settings.channels), rows

    @command("ZSpectr.PropsSet", "H i H H H H", cost=Cost.SET)
    def set_properties(
        self, session: Session, backward: int, points: int, sweeps: int, autosave: int, dialog: int, save_all: int
    ) -> None:
        """Set the properties; 0 changes nothing."""
        old = self.settings
        if not 0 <= points <= MAX_POINTS:
            raise CommandError(f"Number of points {points} is out of range")
        self.settings = replace(
            old,
            backward=switched(backward, old.backward, "Backward sweep"),
            points=points or old.points,
            sweeps=sweeps or old.sweeps,
            autosave=switched(autosave, old.autosave, "Autosave"),
            save_dialog=switched(dialog, old.save_dialog, "Show save dialog"),
            save_all=switched(save_all, old.save_all, "Save all"),
        )

    @command("ZSpectr.PropsGet", reply="H i as as H H")
    def properties(self, session: Session) -> tuple[Any, ...]:
        """Return the properties and the names of the parameters that come with the data."""
        now = self.settings
        return int(now.backward), now.points, list(PARAMETERS), list(FIXED_PARAMETERS), now.sweeps, int(now.save_all)

    # --- range and timing
    @command("ZSpectr.RangeSet", "f f", cost=Cost.SET)
    def set_range(self, session: Session, offset: float, distance: float) -> None:
        """Set where the sweep starts and how far it goes (m)."""
        self.settings = replace(
            self.settings, offset=finite(offset, "Z offset"), distance=finite(distance, "Z sweep distance")
        )

    @command("ZSpectr.RangeGet", reply="f f")
    def range(self, session: Session) -> tuple[float, float]:
        """Return where the sweep starts and how far it goes (m)."""
        return self.settings.offset, self.settings.distance

    @command("ZSpectr.TimingSet", "f f f f f f f", cost=Cost.SET)
    def set_timing(self, session: Session, *values: float) -> None:
        """Set times (s, coerced to the real-time cycle) and slew rate (V/s); NaN changes nothing."""
        old = self.settings.timing
        given = {name: value for name, value in zip(vars(old), values, strict=True) if math.isfinite(value)}
        if given.get("slew", 1.0) <= 0:
            del given["slew"]
        times = {name: quantised(value) for name, value in given.items() if name != "slew"}
        self.settings = replace(self.settings, timing=ZTiming(**(vars(old) | given | times)))

    @command("ZSpectr.TimingGet", reply="f f f f f f f")
    def timing(self, session: Session) -> tuple[float, ...]:
        """Return the timing in the order of TimingSet."""
        return tuple(vars(self.settings.timing).values())

    @command("ZSpectr.RetractDelaySet", "f", cost=Cost.SET)
    def set_turn_delay(self, session: Session, delay: float) -> None:
        """Set the time between forward and backward sweep (s)."""
        self.settings = replace(self.settings, turn_delay=max(0.0, finite(delay, "Retract delay")))

    @command("ZSpectr.RetractDelayGet", reply="f")
    def turn_delay(self, session: Session) -> tuple[float]:
        """Return the time between forward and backward sweep (s)."""
        return (self.settings.turn_delay,)
