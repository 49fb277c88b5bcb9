"""The 2450's on-instrument ramp: a source configuration list and a trigger model, as SCPI.

The model sweeps, compares, and switches the output off with no computer in the loop. After output-off it takes one
reading where it tripped and two where it did not: so the number of readings alone tells how the ramp ended, and the
trip latency is measured on the instrument's clock. On the way RETURN it does not switch off but waits at the trip level
under compliance for the computer to take over, and switches off by itself when nobody does.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from nanoprobe.roles import OnTrip, RampPlan

NAME = "nanoprobe"
"""Name of our reading buffer and of our configuration list."""
LOOP, MEASURE, COUNT, TRIPPED, LAST = 4, 5, 9, 14, 16
"""Blocks of the model that the driver refers to."""
DEAD_MAN = 1.0
"""Longest wait at the trip level for the computer to take over (s)."""
SPARE = 5000
"""Room in the buffer for the readings beyond the forward ramp."""
LINE_LENGTH = 1000
"""Longest line sent (characters); the instrument's own limit is not documented."""


@dataclass(frozen=True, slots=True)
class Program:
    """A ramp as the instrument runs it. `delay` (s) makes one turn of the loop take the sample interval."""

    plan: RampPlan
    count: int
    delay: float
    source: bool = True
    """False for the trial that measures how long a turn takes: everything the same, but the output stays off."""

    @property
    def readings_untripped(self) -> int:
        """Number of readings after a ramp that did not trip."""
        return self.count + 2


def store_levels(levels: Iterable[float]) -> Iterator[str]:
    """Yield the commands that put every level (V) into the configuration list, in order."""
    yield f':SOUR:CONF:LIST:CRE "{NAME}"'
    for level in levels:
        yield f':SOUR:VOLT {level:.9g};:SOUR:CONF:LIST:STOR "{NAME}"'
    yield ":SOUR:VOLT 0"


def trigger_model(program: Program) -> Iterator[str]:
    """Yield the commands that build the trigger model (blocks numbered from 1)."""
    trip = program.plan.trip_current
    returns = program.plan.on_trip is OnTrip.RETURN
    yield ':TRIG:LOAD "EMPTY"'
    yield f':TRIG:BLOC:BUFF:CLE 1,"{NAME}"'
    yield f':TRIG:BLOC:CONF:REC 2,"{NAME}"'
    yield f":TRIG:BLOC:SOUR:STAT 3,{'ON' if program.source else 'OFF'}"
    yield f":TRIG:BLOC:DEL:CONS {LOOP},{program.delay:.9g}"
    yield f':TRIG:BLOC:MEAS {MEASURE},"{NAME}"'
    yield f":TRIG:BLOC:BRAN:LIM:CONS 6,OUT,{-trip:.9g},{trip:.9g},{TRIPPED},{MEASURE}"
    yield f":TRIG:BLOC:BRAN:EVEN 7,SLIM,{TRIPPED}"
    yield f':TRIG:BLOC:CONF:NEXT 8,"{NAME}"'
    yield f":TRIG:BLOC:BRAN:COUN {COUNT},{program.count},{LOOP}"
    yield ":TRIG:BLOC:SOUR:STAT 10,OFF"
    yield f':TRIG:BLOC:MEAS 11,"{NAME}"'
    yield f':TRIG:BLOC:MEAS 12,"{NAME}"'
    yield f":TRIG:BLOC:BRAN:ALW 13,{LAST}"
    yield f":TRIG:BLOC:DEL:CONS {TRIPPED},{DEAD_MAN:g}" if returns else f":TRIG:BLOC:SOUR:STAT {TRIPPED},OFF"
    yield ":TRIG:BLOC:SOUR:STAT 15,OFF" if returns else f':TRIG:BLOC:MEAS 15,"{NAME}"'
    yield f":TRIG:BLOC:SOUR:STAT {LAST},OFF"


def lines(commands: Iterable[str]) -> Iterator[str]:
    """Join commands with `;` into lines as long as the instrument may take, since each write costs a packet."""
    line = ""
    for command in commands:
        if line and len(line) + 1 + len(command) > LINE_LENGTH:
            yield line
            line = ""
        line = f"{line};{command}" if line else command
    if line:
        yield line
