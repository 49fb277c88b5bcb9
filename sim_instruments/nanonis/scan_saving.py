"""The part of module Scan that repeats, saves and pastes frames."""

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sim_instruments.nanonis.acquisition import saved_file
from sim_instruments.nanonis.codes import one_of, switched
from sim_instruments.nanonis.registry import Cost, Module, command
from sim_instruments.nanonis.scan_buffer import ScanBuffer
from sim_instruments.nanonis.scan_frame import Frame, Speed
from sim_instruments.nanonis.scan_properties import Keep, ScanProperties, table
from sim_instruments.nanonis.signals import CURRENT, DEFLECTION, FRICTION, Z
from sim_instruments.timeline import Session

if TYPE_CHECKING:
    from sim_instruments.nanonis.controller import Controller

SAVE_TIME, PASTE_TIME = 0.2, 0.1
"""Time a file and a background take (s)."""


def _props_request(release: int) -> str:
    # The last argument came with R14718; SPECS' client sends it whatever the release.
    return "I I I s s ?as ?I"


def _props_reply(release: int) -> str:
    return "I I I s s as ai 2s I" if release >= 14718 else "I I I s s"


class SavingCommands(Module):
    """Holds what all of module Scan shares: frame, speed, buffer, properties."""

    def __init__(self, controller: "Controller") -> None:
        super().__init__(controller)
        self.frame = Frame()
        self.speed = Speed()
        self.buffer = ScanBuffer((CURRENT, Z, DEFLECTION, FRICTION), 256, 256)
        self.properties = ScanProperties()
        self.backgrounds: list[Frame] = []
        """Frames pasted into the background of the scan window."""
        self._saved = 0

    def keep_frame(self) -> str:
        """Save and paste a complete frame as the properties say; return the file's path, "" where none was saved."""
        old = self.properties
        if old.autopaste is not Keep.OFF:
            self.backgrounds.append(self.frame)
        self.properties = replace(old, autosave=old.autosave.after_frame, autopaste=old.autopaste.after_frame)
        return self._save() if old.autosave is not Keep.OFF else ""

    def _save(self) -> str:
        self._saved += 1
        return saved_file(self.controller, self.properties.series, self._saved, "sxm")

    @command("Scan.PropsSet", _props_request, cost=Cost.SET)
    def set_properties(
        self,
        session: Session,
        continuous: int,
        bouncy: int,
        autosave: int,
        series: str,
        comment: str,
        modules: list[str] | None,
        autopaste: int | None,
    ) -> None:
        """Set the properties; 0 and empty texts change nothing. Autosave and autopaste: 1 all, 2 next, 3 off."""
        old = self.properties
        self.properties = ScanProperties(
            continuous=switched(continuous, old.continuous, "Continuous scan"),
            bouncy=switched(bouncy, old.bouncy, "Bouncy scan"),
            autosave=_kept(autosave, old.autosave, "Autosave"),
            autopaste=_kept(autopaste or 0, old.autopaste, "Autopaste"),
            series=series or old.series,
            comment=comment or old.comment,
            modules=tuple(modules or old.modules),
        )

    @command("Scan.PropsGet", reply=_props_reply)
    def get_properties(self, session: Session) -> tuple[Any, ...]:
        """Return the properties; newer releases add the header's modules with their parameters, and autopaste."""
        now = self.properties
        basic = int(now.continuous), int(now.bouncy), int(now.autosave), now.series, now.comment
        if self.controller.release < 14718:
            return basic
        parameters = [self._parameters(name) for name in now.modules]
        return *basic, list(now.modules), [len(row) for row in parameters], table(parameters), int(now.autopaste)

    def _parameters(self, module: str) -> list[str]:
        """Return the parameters a module writes into a file's header."""
        known = {
            "Bias": ["Bias (V)", "Calibration (V/V)", "Offset (V)"],
            "Current": ["Current (A)", "Gain"],
            "Z-Controller": ["Controller name", "Controller status", "Setpoint", "P gain", "Time const (s)", "Z (m)"],
            "Scan": ["Scanfield", "Series name", "Channels", "Pixels/line", "Lines", "Speed forw. (m/s)"],
        }
        return known.get(module, [])

    @command("Scan.Save", "I i", "I", Cost.SET)
    async def save(self, session: Session, wait: int, timeout: int) -> tuple[int]:
        """Save the buffer as a file; return whether waiting for it took longer than `timeout` ms (-1: for ever)."""
        self._save()
        return await self._take(session, SAVE_TIME, wait, timeout)

    @command("Scan.BackgroundPaste", "I i", "I", Cost.SET)
    async def paste(self, session: Session, wait: int, timeout: int) -> tuple[int]:
        """Paste the buffer into the background; return as `save`."""
        self.backgrounds.append(self.frame)
        return await self._take(session, PASTE_TIME, wait, timeout)

    @command("Scan.BackgroundDelete", "I i I", "I", Cost.SET)
    async def delete(self, session: Session, wait: int, timeout: int, which: int) -> tuple[int]:
        """Delete the last pasted background (0) or all (1); return as `save`."""
        everything = one_of(which, 2, "Which background") == 1
        del self.backgrounds[0 if everything else max(0, len(self.backgrounds) - 1) :]
        return await self._take(session, PASTE_TIME, wait, timeout)

    async def _take(self, session: Session, seconds: float, wait: int, timeout: int) -> tuple[int]:
        """Let an action's time pass when the client waits; return 1 where its patience ended before."""
        if not wait:
            return (0,)
        allowed = timeout / 1000 if timeout >= 0 else seconds
        await session.spend(min(seconds, allowed))
        return (int(allowed < seconds),)


def _kept(code: int, old: Keep, what: str) -> Keep:
    return Keep(code - 1) if one_of(code, 4, what) else old
