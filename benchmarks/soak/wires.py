"""Both ends of each wire without a socket in between, so that a million messages are a matter of minutes."""

import asyncio
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from pymeasure.adapters import Adapter

from drivers.emstat4 import SpectrumCollector, TraceCollector
from drivers.keithley2450 import Keithley2450
from drivers.methodscript_errors import error_in
from drivers.nanonis_session import NanonisSession
from nanoprobe.errors import InstrumentTimeout
from sim_instruments.lab import Lab, LabSettings
from sim_instruments.timeline import Session

AGED = 5000
"""Inputs after which a simulated lab is exchanged for a new one."""
STEPS = 4
"""Turns of the event loop given to a command: one that takes longer lets others in meanwhile, which is all it owes."""


class Writer:
    """Takes what a simulated instrument answers."""

    def write(self, content: bytes) -> None:
        """Take it."""

    async def drain(self) -> None:
        """Nothing waits."""


@contextmanager
def simulated(name: str) -> Iterator[Callable[[bytes], None]]:
    """Yield what gives bytes to the simulated instrument `name` as a new connection, which then ends."""
    loop = asyncio.new_event_loop()
    labs: list[tuple[Any, Session]] = []
    count = 0

    def feed(made: bytes) -> None:
        nonlocal count
        if count % AGED == 0:
            labs[:] = [_lab(name)]
        count += 1
        dialogue, session = labs[0]
        reader = asyncio.StreamReader(limit=1 << 22, loop=loop)
        reader.feed_data(made)
        reader.feed_eof()
        talk = dialogue(session).converse(reader, Writer())
        with suppress(StopIteration):
            for _ in range(STEPS):
                talk.send(None)
        talk.close()

    try:
        yield feed
    finally:
        loop.close()


def _lab(name: str) -> tuple[Any, Session]:
    lab = Lab(LabSettings())
    instrument = lab.source_meter if name == "source_meter" else lab.controller
    return instrument.dialogue, instrument.station.connect()


class Replay(Adapter):
    """Answers whatever is asked with the same bytes, and then no more."""

    def __init__(self) -> None:
        super().__init__()
        self.left = b""

    def _write(self, command: str, **kwargs: Any) -> None:
        pass

    def _write_bytes(self, content: bytes, **kwargs: Any) -> None:
        pass

    def _read(self, **kwargs: Any) -> str:
        line, end, self.left = self.left.partition(b"\n")
        if not end:
            raise InstrumentTimeout("nothing comes any more")
        return line.decode("latin-1").rstrip("\r")

    def _read_bytes(self, count: int, break_on_termchar: bool = False, **kwargs: Any) -> bytes:
        taken, self.left = self.left[:count], self.left[count:]
        if len(taken) < count:
            raise InstrumentTimeout("nothing comes any more")
        return taken

    def flush_read_buffer(self) -> None:
        """Drop what has come."""
        self.left = b""


@contextmanager
def source_meter() -> Iterator[Callable[[bytes], None]]:
    """Yield what gives bytes to our driver of the 2450 as the answer to one of its questions."""
    adapter = Replay()
    meter = Keithley2450(adapter)
    questions: tuple[Callable[[], object], ...] = (
        meter.identify,
        meter.check_errors,
        meter.read,
        meter.in_compliance,
        lambda: meter.fetch("nanoprobe", 1, 2),
        meter._sweep._state,
        meter._sweep._progress,
        lambda: meter.program_limits(bias=10.0, current=1e-6),
    )

    yield _answering(adapter, questions)


def _answering(adapter: Replay, questions: tuple[Callable[[], object], ...]) -> Callable[[bytes], None]:
    """Return what answers one question with an input; which one depends on the input alone."""

    def answer(made: bytes) -> None:
        adapter.left = made
        questions[zlib.crc32(made) % len(questions)]()

    return answer


LAYOUTS = ("f", "af", "as i", "s 2f I", "as 2f af", "d d", "s s I I", "H f i H", "ai i i", "")
"""Of every kind of reply the driver reads."""


@contextmanager
def potentiostat() -> Iterator[Callable[[bytes], None]]:
    """Yield what gives lines to our driver of the EmStat4 as the output of a script: of a spectrum, or of any other."""

    def take(made: bytes) -> None:
        lines = made.decode("latin-1").split("\n")
        if zlib.crc32(made) % 2:
            SpectrumCollector(lambda spectrum: None).take(lines)
        else:
            TraceCollector(("t", "e", "i"), lambda trace: None, "EmStat4").take(lines)
        for line in lines:
            error_in(line)

    yield take


@contextmanager
def controller() -> Iterator[Callable[[bytes], None]]:
    """Yield what gives bytes to our driver of the Nanonis as the reply to a question of one of `LAYOUTS`."""
    adapter = Replay()
    session = NanonisSession(adapter)

    def ask(layout: str) -> Callable[[], object]:
        return lambda: session.call("Any", returns=layout)

    yield _answering(adapter, tuple(map(ask, LAYOUTS)))
