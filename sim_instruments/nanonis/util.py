"""Util: versions, session path, settings, layouts, timing of the real-time engine."""

import math
from typing import Any

from sim_instruments.nanonis.codes import positive
from sim_instruments.nanonis.controller import Controller
from sim_instruments.nanonis.registry import CommandError, Cost, Module, command
from sim_instruments.timeline import Session

PRODUCT = "Nanonis SPM Control Software"
FREQUENCIES = (1e3, 2e3, 5e3, 10e3, 20e3)
"""Frequencies the real-time engine can run at (Hz)."""
SHORTEST_TAP, LONGEST_TAP = 1e-3, 1.0
"""Limits of the acquisition period (s)."""
LARGEST_OVERSAMPLING = 1000
Z_SETTINGS = ("setpoints", "p_gain", "time_constant", "switch_off_delay", "tip_lift", "withdraw_rate", "home")
"""What a settings file keeps of the Z controller."""


class Util(Module):
    """The software itself. Settings and layouts are kept in memory under their paths; no file is written."""

    def __init__(self, controller: Controller) -> None:
        super().__init__(controller)
        self._frequency, self._oversampling = 20e3, 10
        self._settings: dict[str, dict[str, Any]] = {}
        self._layouts: set[str] = set()
        self.locked = False
        self.product = PRODUCT
        """What it says it is."""

    @command("Util.VersionGet", "", "s s I I")
    def version(self, _: Session) -> tuple[str, str, int, int]:
        """Return product, version, release of the host application and of the real-time engine."""
        return self.product, "Generic 5e", self.controller.release, self.controller.release

    @command("Util.SessionPathGet", "", "s")
    def path(self, _: Session) -> tuple[str]:
        """Return the session path."""
        return (self.controller.session_path,)

    @command("Util.SessionPathSet", "s ?I", cost=Cost.SET)
    def set_path(self, session: Session, path: str, save_settings: int | None) -> None:
        """Set the session path; keep the settings in the previous one first if asked."""
        if not path:
            raise CommandError("The session path must not be empty")
        if save_settings:
            self.save_settings(session, "", 1)
        self.controller.session_path = path

    # --- settings and layout
    def _file(self, path: str, session_file: int, ending: str) -> str:
        return rf"{self.controller.session_path}\Nanonis-Session{ending}" if session_file else path

    @command("Util.SettingsSave", "s I", cost=Cost.SET)
    def save_settings(self, _: Session, path: str, session_file: int) -> None:
        """Keep the settings under `path`, or as the session's."""
        z = self.controller.z
        kept = {name: getattr(z, name) for name in Z_SETTINGS}
        kept["setpoints"] = list(z.setpoints)
        self._settings[self._file(path, session_file, ".ini")] = kept

    @command("Util.SettingsLoad", "s I", cost=Cost.SET)
    def load_settings(self, _: Session, path: str, session_file: int) -> None:
        """Take the settings kept under `path`, or the session's."""
        file = self._file(path, session_file, ".ini")
        if file not in self._settings:
            raise CommandError(f"File not found: {file}")
        z = self.controller.z
        for name, value in self._settings[file].items():
            setattr(z, name, list(value) if name == "setpoints" else value)
        z.set_setpoint(math.nan)

    @command("Util.LayoutSave", "s I", cost=Cost.SET)
    def save_layout(self, _: Session, path: str, session_file: int) -> None:
        """Keep the layout under `path`, or as the session's."""
        self._layouts.add(self._file(path, session_file, "-layout.ini"))

    @command("Util.LayoutLoad", "s I", cost=Cost.SET)
    def load_layout(self, _: Session, path: str, session_file: int) -> None:
        """Take the layout kept under `path`, or the session's."""
        file = self._file(path, session_file, "-layout.ini")
        if file not in self._layouts:
            raise CommandError(f"File not found: {file}")

    @command("Util.Lock", cost=Cost.SET)
    def lock(self, _: Session) -> None:
        """Lock the software's windows; the protocol goes on."""
        self.locked = True

    @command("Util.UnLock", cost=Cost.SET)
    def unlock(self, _: Session) -> None:
        """Unlock them."""
        self.locked = False

    @command("Util.Quit", "I s s I", cost=Cost.SET)
    def quit(self, session: Session, stored: int, settings: str, layout: str, signals: int) -> None:
        """Quit the software: settings and layout are kept as asked, then every connection ends."""
        if settings and not stored:
            self.save_settings(session, settings, 0)
        if layout and not stored:
            self.save_layout(session, layout, 0)
        self.controller.has_quit = True

    # --- real-time engine
    @command("Util.RTFreqSet", "f", cost=Cost.SET)
    def set_frequency(self, _: Session, frequency: float) -> None:
        """Set the real-time frequency (Hz), coerced to one there is."""
        positive(frequency, "RT frequency")
        self._frequency = min(FREQUENCIES, key=lambda there_is: abs(there_is - frequency))

    @command("Util.RTFreqGet", "", "f")
    def frequency(self, _: Session) -> tuple[float]:
        """Return the real-time frequency (Hz)."""
        return (self._frequency,)

    @command("Util.AcqPeriodSet", "f", cost=Cost.SET)
    def set_period(self, _: Session, period: float) -> None:
        """Set the acquisition period (s), coerced to whole cycles of 1 ms to 1 s."""
        cycles = round(max(SHORTEST_TAP, min(LONGEST_TAP, positive(period, "Acquisition period"))) * self._rate)
        self.controller.signals.set_period(max(1, cycles) / self._rate)

    @command("Util.AcqPeriodGet", "", "f")
    def period(self, _: Session) -> tuple[float]:
        """Return the acquisition period (s)."""
        return (self.controller.tap,)

    @property
    def _rate(self) -> float:
        return self._frequency / self._oversampling

    @command("Util.RTOversamplSet", "i", cost=Cost.SET)
    def set_oversampling(self, _: Session, oversampling: int) -> None:
        """Set the real-time oversampling, coerced to 1 to 1000."""
        self._oversampling = max(1, min(LARGEST_OVERSAMPLING, oversampling))

    @command("Util.RTOversamplGet", "", "i")
    def oversampling(self, _: Session) -> tuple[int]:
        """Return the real-time oversampling."""
        return (self._oversampling,)
