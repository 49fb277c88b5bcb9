"""The advanced section of module BiasSpectr: what happens to Z and bias, safe conditions."""

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from sim_instruments.nanonis.acquisition import check_threshold, require_release
from sim_instruments.nanonis.codes import changed, one_of, switched
from sim_instruments.nanonis.registry import Cost, Module, command
from sim_instruments.nanonis.safe_conditions import Logic, SafeAction, SafeConditions
from sim_instruments.nanonis.spectroscopy_settings import SpectroscopySettings, quantised
from sim_instruments.nanonis.synchronisation import SynchronisedModule
from sim_instruments.timeline import Session

if TYPE_CHECKING:
    from sim_instruments.nanonis.controller import Controller

SAFE_CONDITIONS_SINCE = 11798
"""Oldest release known here to have them; the protocol description of R10862 does not."""


class SpectroscopyModule(Module):
    """Holds the settings that the groups of commands share."""

    def __init__(self, controller: "Controller") -> None:
        super().__init__(controller)
        self.settings = SpectroscopySettings()


class AdvancedCommands(SynchronisedModule, SpectroscopyModule):
    """Commands of the advanced section."""

    @command("BiasSpectr.AdvPropsSet", "H H H H", cost=Cost.SET)
    def set_advanced(self, session: Session, reset_bias: int, z_hold: int, final_z: int, lock_in: int) -> None:
        """Set bias reset, Z-controller hold, recording of the final Z, lock-in; 0 changes nothing."""
        old = self.settings
        self.settings = replace(
            old,
            reset_bias=switched(reset_bias, old.reset_bias, "Reset bias"),
            z_hold=switched(z_hold, old.z_hold, "Z-Controller hold"),
            record_final_z=switched(final_z, old.record_final_z, "Record final Z"),
            lock_in=switched(lock_in, old.lock_in, "Lock-In run"),
        )

    @command("BiasSpectr.AdvPropsGet", reply="H H H H")
    def advanced(self, session: Session) -> tuple[int, int, int, int]:
        """Return what AdvPropsSet sets."""
        now = self.settings
        return int(now.reset_bias), int(now.z_hold), int(now.record_final_z), int(now.lock_in)

    # --- Z
    @command("BiasSpectr.AltZCtrlSet", "H f f", cost=Cost.SET)
    def set_alternate(self, session: Session, on: int, setpoint: float, settling: float) -> None:
        """Set the Z-controller setpoint used during the measurement; 0 and NaN change nothing."""
        old = self.settings.alternate
        new = replace(
            old,
            on=switched(on, old.on, "Alternate setpoint"),
            setpoint=changed(setpoint, old.setpoint),
            settling=old.settling if math.isnan(settling) else quantised(settling),
        )
        self.settings = replace(self.settings, alternate=new)

    @command("BiasSpectr.AltZCtrlGet", reply="H f f")
    def alternate(self, session: Session) -> tuple[int, float, float]:
        """Return what AltZCtrlSet sets."""
        now = self.settings.alternate
        return int(now.on), now.setpoint, now.settling

    @command("BiasSpectr.ZOffRevertSet", "H", cost=Cost.SET)
    def set_offset_revert(self, session: Session, revert: int) -> None:
        """Set whether the Z offset is taken back at the end; 0 changes nothing."""
        self.settings = replace(
            self.settings, z_offset_revert=switched(revert, self.settings.z_offset_revert, "Z offset revert")
        )

    @command("BiasSpectr.ZOffRevertGet", reply="H")
    def offset_revert(self, session: Session) -> tuple[int]:
        """Return whether the Z offset is taken back at the end."""
        return (int(self.settings.z_offset_revert),)

    # --- safe conditions
    @command("BiasSpectr.SafeCond1Set", "H f i H", cost=Cost.SET)
    def set_first(self, session: Session, action: int, level: float, signal: int, comparison: int) -> None:
        """Set action 1 off, 2 reverse, 3 stop; threshold; signal; 0 higher, 1 lower. 0, NaN, -1, 2 change nothing."""
        old = self._conditions("BiasSpectr.SafeCond1Set")
        check_threshold(signal, comparison)
        new_action = SafeAction(action - 1) if one_of(action, 4, "Condition") else old.action
        self._guarded(replace(old, action=new_action, first=old.first.changed(level, signal, comparison)))

    @command("BiasSpectr.SafeCond1Get", reply="H f i H")
    def first(self, session: Session) -> tuple[int, float, int, int]:
        """Return action 0 off, 1 reverse, 2 stop; threshold; signal; 0 higher, 1 lower."""
        now = self._conditions("BiasSpectr.SafeCond1Get")
        return int(now.action), now.first.level, now.first.signal, int(now.first.below)

    @command("BiasSpectr.SafeCond2Set", "i f i H", cost=Cost.SET)
    def set_second(self, session: Session, logic: int, level: float, signal: int, comparison: int) -> None:
        """Set logic 0 off, 1 or, 2 and, 3 then; threshold; signal; comparison. -1, NaN, -1, 2 change nothing."""
        old = self._conditions("BiasSpectr.SafeCond2Set")
        check_threshold(signal, comparison)
        new_logic = old.logic if logic == -1 else Logic(one_of(logic, 4, "Condition"))
        self._guarded(replace(old, logic=new_logic, second=old.second.changed(level, signal, comparison)))

    @command("BiasSpectr.SafeCond2Get", reply="i f i H")
    def second(self, session: Session) -> tuple[int, float, int, int]:
        """Return logic, threshold, signal, comparison as SafeCond2Set numbers them."""
        now = self._conditions("BiasSpectr.SafeCond2Get")
        return int(now.logic), now.second.level, now.second.signal, int(now.second.below)

    def _conditions(self, name: str) -> SafeConditions:
        require_release(self.controller, SAFE_CONDITIONS_SINCE, name)
        return self.settings.conditions

    def _guarded(self, conditions: SafeConditions) -> None:
        self.settings = replace(self.settings, conditions=conditions)
