"""All faults of one instrument, and the commands that bring them on."""

import logging
from collections.abc import Callable

from sim_instruments.faults.ailment import Ailment
from sim_instruments.faults.fault import Alarm, Fault
from sim_instruments.faults.kinds import Layer
from sim_instruments.faults.spec import FaultSpec
from sim_instruments.timeline import Timeline

LOG = logging.getLogger(__name__)


class FaultBox:
    """The faults of one instrument.

    `ail` makes the ailment of a fault of the instrument's state; `hang_up` breaks every present connection, `unplug`
    closes the ports besides.
    """

    def __init__(
        self,
        timeline: Timeline,
        ail: Callable[[Fault], Ailment],
        hang_up: Callable[[], None],
        unplug: Callable[[], None],
    ) -> None:
        self.commands = 0
        """Commands that have come so far, over all connections."""
        self._timeline = timeline
        self._ail = ail
        self._hang_up = hang_up
        self._unplug = unplug
        self._faults: list[Fault] = []
        self._ailments: dict[Fault, Ailment] = {}
        self._begun: set[Fault] = set()

    def add(self, spec: FaultSpec) -> None:
        """Let the fault `spec` happen."""
        fault = Fault(spec)
        self._faults.append(fault)
        if spec.layer is Layer.INSTRUMENT:
            self._ailments[fault] = self._ail(fault)
        if spec.time is not None:
            Alarm(self._timeline, spec.time, lambda: self._comes(fault))
        elif fault.present:
            self._comes(fault)

    def _comes(self, fault: Fault) -> None:
        """The moment of a fault that waits for no command."""
        fault.present = True
        if fault.spec.layer is Layer.INSTRUMENT:
            self._try(fault)
        elif fault.spec.layer is Layer.CONNECTION:
            self._break(fault)

    # --- connections

    def admits(self) -> bool:
        """Say whether a new connection may stay."""
        for fault in self._of(Layer.CONNECTION):
            if fault.present and not fault.over:
                fault.acted()
                return False
        return True

    def _break(self, fault: Fault) -> None:
        LOG.info("fault %s", fault.spec)
        fault.broke = True
        (self._unplug if fault.spec.kind == "refuse" else self._hang_up)()

    # --- commands

    def command(self, text: str) -> Fault | None:
        """Take note of a command; return the fault of the wire that acts on it or its reply, if any.

        Faults of the instrument's state come and go here, before the command is done.
        """
        self.commands += 1
        acting = [fault for fault in self._faults if self._acts(fault, text)] if self._faults else []
        return acting[0] if acting else None

    def _acts(self, fault: Fault, text: str) -> bool:
        """Let the command bring `fault` on; say whether that acts on the wire."""
        layer, was_present = fault.spec.layer, fault.present
        acting = fault.sees(self.commands, text)
        if layer is Layer.INSTRUMENT:
            self._treat(fault, acting)
            return False
        if layer is Layer.CONNECTION:
            if acting and not was_present:
                self._break(fault)
            return acting and not was_present
        return acting

    def _treat(self, fault: Fault, acting: bool) -> None:
        if acting:
            self._try(fault)
        elif fault in self._begun:
            self._begun.discard(fault)
            self._ailments[fault].end()

    def _try(self, fault: Fault) -> None:
        if self._ailments[fault].begin():
            self._begun.add(fault)
            fault.acted()

    @property
    def waiting(self) -> list[FaultSpec]:
        """The faults that have not happened yet."""
        return [fault.spec for fault in self._faults if not fault.actions and not fault.broke]

    def _of(self, layer: Layer) -> list[Fault]:
        return [fault for fault in self._faults if fault.spec.layer is layer]
