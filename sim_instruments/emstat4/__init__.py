"""A simulated PalmSens EmStat4 that speaks MethodSCRIPT.

Sources: MethodSCRIPT manual v1.8 and EmStat4 communication protocol V1.3 as digested in hardware.md §3.
"""

from sim_instruments.emstat4.device import Device
from sim_instruments.emstat4.dialogue import Conversation, Output
from sim_instruments.noise import Noise
from sim_instruments.pellet import PelletCell
from sim_instruments.timeline import Session, Station, Timeline


class EmStat4Sim:
    """An EmStat4 with a pellet cell at its leads."""

    def __init__(self, cell: PelletCell, timeline: Timeline, station: Station, noise: Noise, kind: str = "HR") -> None:
        self.station = station
        self.device = Device(cell, timeline, noise, kind)
        self._output = Output(self.device)

    def dialogue(self, session: Session) -> Conversation:
        """Return the dialogue of a new connection, as `server.listen` asks for it."""
        return Conversation(self.device, self._output, session)


__all__ = ["EmStat4Sim"]
