"""A simulated Keithley 2450 source-meter that speaks its native SCPI.

Source: Keithley 2450 reference manual (2450-901-01B, 2013) as digested in hardware.md §2.
"""

from sim_instruments.keithley2450.dialogue import Conversation
from sim_instruments.keithley2450.event_commands import EventCommands
from sim_instruments.keithley2450.instrument import Instrument
from sim_instruments.keithley2450.sense_commands import SenseCommands
from sim_instruments.keithley2450.source_commands import SourceCommands
from sim_instruments.keithley2450.sweep_commands import ConfigListCommands, SweepCommands
from sim_instruments.keithley2450.system_commands import SystemCommands
from sim_instruments.keithley2450.trace_commands import TraceCommands
from sim_instruments.keithley2450.trigger_commands import TriggerCommands
from sim_instruments.keithley2450.wiring import ElectricalWorld
from sim_instruments.scpi_tree import CommandTree
from sim_instruments.timeline import Session, Station, Timeline

_COMMANDS = (
    SystemCommands,
    SourceCommands,
    SweepCommands,
    ConfigListCommands,
    SenseCommands,
    TraceCommands,
    TriggerCommands,
    EventCommands,
)


class Keithley2450Sim:
    """A 2450 wired to a world.

    `line_frequency` in Hz sets what one power-line cycle is; with `interlock_closed` False the 200 V range is out of
    reach.
    """

    def __init__(
        self,
        world: ElectricalWorld,
        timeline: Timeline,
        station: Station,
        line_frequency: float = 50.0,
        interlock_closed: bool = True,
    ) -> None:
        self.station = station
        self.instrument = Instrument(world, timeline, line_frequency, interlock_closed)
        self._tree = CommandTree()
        for commands in _COMMANDS:
            commands(self.instrument).register(self._tree)

    def dialogue(self, session: Session) -> Conversation:
        """Return the dialogue of a new connection, as `server.listen` asks for it."""
        return Conversation(self._tree, self.instrument, session)


__all__ = ["Keithley2450Sim"]
