"""The advanced section of module ZSpectr: reset of Z, auto retract."""

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from sim_instruments.nanonis.acquisition import check_threshold
from sim_instruments.nanonis.codes import one_of, switched
from sim_instruments.nanonis.registry import Cost, command
from sim_instruments.nanonis.safe_conditions import Logic
from sim_instruments.nanonis.synchronisation import SynchronisedModule
from sim_instruments.nanonis.z_spectroscopy_settings import AutoRetract, ZSpectroscopySettings
from sim_instruments.timeline import Session

if TYPE_CHECKING:
    from sim_instruments.nanonis.controller import Controller


class ZAdvancedCommands(SynchronisedModule):
    """Commands of the advanced section, and the settings that all groups share."""

    def __init__(self, controller: "Controller") -> None:
        super().__init__(controller)
        self.settings = ZSpectroscopySettings()

    @command("ZSpectr.AdvPropsSet", "f H H H", cost=Cost.SET)
    def set_advanced(self, session: Session, delay: float, final_z: int, lock_in: int, reset_z: int) -> None:
        """Set the time between the sweeps (s), recording of the final Z, lock-in, Z reset; NaN, 0 change nothing."""
        old = self.settings
        self.settings = replace(
            old,
            turn_delay=max(0.0, delay) if math.isfinite(delay) else old.turn_delay,
            record_final_z=switched(final_z, old.record_final_z, "Record final Z"),
            lock_in=switched(lock_in, old.lock_in, "Lock-In run"),
            reset_z=switched(reset_z, old.reset_z, "Reset Z"),
        )

    @command("ZSpectr.AdvPropsGet", reply="f H H H")
    def advanced(self, session: Session) -> tuple[float, int, int, int]:
        """Return what AdvPropsSet sets."""
        now = self.settings
        return now.turn_delay, int(now.record_final_z), int(now.lock_in), int(now.reset_z)

    # --- auto retract
    @command("ZSpectr.RetractSet", "H f i H", cost=Cost.SET)
    def set_retract(self, session: Session, enable: int, level: float, signal: int, comparison: int) -> None:
        """Set auto retract 1 on, 2 off; threshold; signal; 0 higher, 1 lower. 0, NaN, -1, 2 change nothing."""
        check_threshold(signal, comparison)
        old = self.settings.retract
        on = switched(enable, old.on, "Auto retract")
        self._retract(replace(old, on=on, first=old.first.changed(level, signal, comparison)))

    @command("ZSpectr.RetractGet", reply="H f i H")
    def retract(self, session: Session) -> tuple[int, float, int, int]:
        """Return whether auto retract is on; threshold; signal; 0 higher, 1 lower."""
        now = self.settings.retract
        return int(now.on), now.first.level, now.first.signal, int(now.first.below)

    @command("ZSpectr.RetractSecondSet", "i f i H", cost=Cost.SET)
    def set_second(self, session: Session, logic: int, level: float, signal: int, comparison: int) -> None:
        """Set logic 1 no, 2 or, 3 and, 4 then; threshold; signal; comparison. 0, NaN, -1, 2 change nothing."""
        check_threshold(signal, comparison)
        old = self.settings.retract
        new_logic = Logic(logic - 1) if one_of(logic, 5, "Second condition") else old.logic
        self._retract(replace(old, logic=new_logic, second=old.second.changed(level, signal, comparison)))

    @command("ZSpectr.RetractSecondGet", reply="i f i H")
    def second(self, session: Session) -> tuple[int, float, int, int]:
        """Return logic 0 no, 1 or, 2 and, 3 then; threshold; signal; comparison."""
        now = self.settings.retract
        return int(now.logic), now.second.level, now.second.signal, int(now.second.below)

    def _retract(self, condition: AutoRetract) -> None:
        self.settings = replace(self.settings, retract=condition)
