"""Module BiasSpectr: bias spectroscopy, that is, sweeps of the controller's own bias with its own safe conditions."""

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sim_instruments.nanonis.acquisition import check_signals
from sim_instruments.nanonis.codes import changed, switched
from sim_instruments.nanonis.registry import CommandError, Cost, command
from sim_instruments.nanonis.routine import Routine
from sim_instruments.nanonis.signals import NAMES
from sim_instruments.nanonis.spectroscopy_advanced import AdvancedCommands
from sim_instruments.nanonis.spectroscopy_data import backward_name
from sim_instruments.nanonis.spectroscopy_segments import SegmentCommands
from sim_instruments.nanonis.spectroscopy_settings import SpectroscopySettings, quantised
from sim_instruments.nanonis.spectroscopy_sweep import Sweep
from sim_instruments.timeline import Session

if TYPE_CHECKING:
    from sim_instruments.nanonis.controller import Controller

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


class BiasSpectr(AdvancedCommands, SegmentCommands):
    """One measurement at a time; settings changed while it runs count for the next one."""

    _sweep: Sweep | None = None
    _routine: Routine | None = None
    _base_name = "Bias-Spectroscopy"

    def __init__(self, controller: "Controller") -> None:
        super().__init__(controller)
        controller.experiments["Bias Spectroscopy"] = self

    @property
    def running(self) -> bool:
        """Whether a measurement is under way."""
        return self._routine is not None and not self._routine.done

    # --- running it
    @command("BiasSpectr.Open", cost=Cost.SET)
    def open(self, session: Session) -> None:
        """Open the module's window; there is none here."""

    @command("BiasSpectr.Start", "I s", "as 2f af", Cost.OWN)
    async def start(self, session: Session, get_data: int, base_name: str) -> tuple[Any, ...]:
        """Measure; the connection is blocked until the end. Without data wanted all arrays are empty."""
        session.command()
        routine, sweep = self._begin(base_name)
        settings = self.settings
        await session.until(lambda: routine.done, math.inf)
        if not get_data:
            return [], [], []
        names = sweep.data.names([NAMES[index] for index in settings.channels], settings.save_all)
        return names, sweep.data.rows(settings.save_all), self._parameters(sweep, settings)

    def shoot(self, base_name: str) -> None:
        """Begin a measurement by itself; see `Experiment`."""
        self._begin(base_name)

    def _begin(self, base_name: str) -> tuple[Routine, Sweep]:
        if self.running:
            raise CommandError("A bias spectroscopy is already running")
        if not any(segment.steps for segment in self.settings.plan()):
            raise CommandError("No segments are configured for the multi segment mode")
        self._sweep = Sweep(self.controller, self.settings)
        self._base_name = base_name or self._base_name
        self._routine = Routine(self.controller.timeline, self._sweep.steps())
        return self._routine, self._sweep

    def _parameters(self, sweep: Sweep, settings: SpectroscopySettings) -> list[float]:
        """Return the fixed parameters and the parameters of a measurement, in that order."""
        timing, levels = settings.timing, sweep.data.levels
        fixed = [float(levels[0]), float(levels[-1])]
        placed = [*sweep.place, sweep.z, timing.z_offset]
        return [*fixed, *placed, timing.settling, timing.integration, float(settings.z_hold), sweep.final_z]

    @command("BiasSpectr.Stop", cost=Cost.SET)
    def stop(self, session: Session) -> None:
        """End the measurement now; bias and Z controller go back as at its normal end."""
        if self._routine is not None:
            self._routine.interrupt()

    @command("BiasSpectr.StatusGet", reply="I", cost=Cost.POLL)
    def status(self, session: Session) -> tuple[int]:
        """Return 1 while a measurement runs."""
        return (int(self.running),)

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
