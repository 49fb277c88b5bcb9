"""Module BiasSpectr: bias spectroscopy, that is, sweeps of the controller's own bias with its own safe conditions."""

import math
from dataclasses import replace
from typing import Any

from sim_instruments.nanonis.acquisition import check_signals
from sim_instruments.nanonis.codes import changed, switched
from sim_instruments.nanonis.measuring import MeasuringModule
from sim_instruments.nanonis.registry import CommandError, Cost, command
from sim_instruments.nanonis.signals import NAMES
from sim_instruments.nanonis.spectroscopy_advanced import AdvancedCommands
from sim_instruments.nanonis.spectroscopy_data import backward_name
from sim_instruments.nanonis.spectroscopy_segments import SegmentCommands
from sim_instruments.nanonis.spectroscopy_settings import quantised
from sim_instruments.nanonis.spectroscopy_sweep import Sweep
from sim_instruments.timeline import Session

FIXED_PARAMETERS = ("Sweep Start", "Sweep End")
PARAMETERS = (
    "X (m)",
    "Y (m)",
    "Z (m)",
    "Z offset (m)",
    "Settling time (s)",
    "Integration time (s)",
    "Z-Ctrl hold",
    "Final Z (m)",
)
MAX_POINTS = 1_000_000


def _channels_reply(release: int) -> str:
    return "ai as" if release >= 11798 else "ai"


class BiasSpectr(AdvancedCommands, SegmentCommands, MeasuringModule):
    """The sweeps' settings; see `MeasuringModule` for what is done with them."""

    experiment = "Bias Spectroscopy"

    def _measurement(self) -> Sweep:
        if not any(segment.steps for segment in self.settings.plan()):
            raise CommandError("No segments are configured for the multi segment mode")
        return Sweep(self.controller, self.settings)

    # --- channels and properties
    @command("BiasSpectr.ChsSet", "ai", cost=Cost.SET)
    def set_channels(self, session: Session, channels: list[int]) -> None:
        """Choose the recorded signals."""
        self.settings = replace(self.settings, channels=check_signals(channels))

    @command("BiasSpectr.ChsGet", reply=_channels_reply)
    def channels(self, session: Session) -> tuple[Any, ...]:
        """Return the recorded signals and, in newer releases, the names of the rows they make."""
        indexes = list(self.settings.channels)
        return (indexes, self._channel_names()) if self.controller.release >= 11798 else (indexes,)

    def _channel_names(self) -> list[str]:
        names = [NAMES[index] for index in self.settings.channels]
        return [*names, *map(backward_name, names)] if self.settings.backward else names

    @command("BiasSpectr.PropsSet", "H i H i f H H", cost=Cost.SET)
    def set_properties(
        self,
        session: Session,
        save_all: int,
        sweeps: int,
        backward: int,
        points: int,
        z_offset: float,
        autosave: int,
        dialog: int,
    ) -> None:
        """Set the properties; 0 (NaN for the Z offset) changes nothing."""
        old = self.settings
        if sweeps < 0 or not 0 <= points <= MAX_POINTS:
            raise CommandError(f"Number of sweeps {sweeps} or of points {points} is out of range")
        self.settings = replace(
            old,
            save_all=switched(save_all, old.save_all, "Save all"),
            sweeps=sweeps or old.sweeps,
            backward=switched(backward, old.backward, "Backward sweep"),
            points=points or old.points,
            autosave=switched(autosave, old.autosave, "Autosave"),
            save_dialog=switched(dialog, old.save_dialog, "Show save dialog"),
            timing=replace(old.timing, z_offset=changed(z_offset, old.timing.z_offset)),
        )

    @command("BiasSpectr.PropsGet", reply="H i H i as as H H")
    def properties(self, session: Session) -> tuple[Any, ...]:
        """Return the properties and the names of the parameters that come with the data."""
        now = self.settings
        counts = int(now.save_all), now.sweeps, int(now.backward), now.points
        return *counts, list(PARAMETERS), list(FIXED_PARAMETERS), int(now.autosave), int(now.save_dialog)

    # --- limits and timing
    @command("BiasSpectr.LimitsSet", "f f", cost=Cost.SET)
    def set_limits(self, session: Session, start: float, end: float) -> None:
        """Set where the linear sweep starts and ends (V), coerced to the bias range; NaN changes nothing."""
        limit, old = self.controller.bias.limit, self.settings
        start, end = changed(start, old.start), changed(end, old.end)
        self.settings = replace(old, start=max(-limit, min(limit, start)), end=max(-limit, min(limit, end)))

    @command("BiasSpectr.LimitsGet", reply="f f")
    def limits(self, session: Session) -> tuple[float, float]:
        """Return where the linear sweep starts and ends (V)."""
        return self.settings.start, self.settings.end

    @command("BiasSpectr.TimingSet", "f f f f f f f f", cost=Cost.SET)
    def set_timing(self, session: Session, *values: float) -> None:
        """Set times (s, coerced to the real-time cycle), Z offset (m) and slew rate (V/s); NaN changes nothing."""
        old = self.settings.timing
        given = {name: value for name, value in zip(vars(old), values, strict=True) if math.isfinite(value)}
        if given.get("slew", 1.0) <= 0:
            del given["slew"]
        times = {name: quantised(value) for name, value in given.items() if name not in ("z_offset", "slew")}
        self.settings = replace(self.settings, timing=replace(old, **(given | times)))

    @command("BiasSpectr.TimingGet", reply="f f f f f f f f")
    def timing(self, session: Session) -> tuple[float, ...]:
        """Return the timing in the order of TimingSet."""
        return tuple(vars(self.settings.timing).values())
