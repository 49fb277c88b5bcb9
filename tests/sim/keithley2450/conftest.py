"""A 2450 across a resistor, and ways to talk to it: line by line in this thread, or over a real socket."""

import asyncio
import math
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np
import pytest

from sim_instruments.keithley2450 import Keithley2450Sim
from sim_instruments.server import Listener, listen
from sim_instruments.timeline import Session, Station, Timeline


@dataclass
class ResistorWorld:
    """One source across a resistor (ohm), with an optional breakdown: beyond `trigger` volts it conducts well."""

    resistance: float = 1e6
    trigger: float = math.inf
    noisy: bool = False
    now: float = 0.0
    volts: float | None = 0.0
    compliance: float = math.inf
    settings: list[tuple[float, float | None, float]] = field(default_factory=list)

    def advance(self, until: float) -> None:
        self.now = until

    def set_source(self, name: str, volts: float | None, compliance: float = math.inf) -> None:
        assert name == "source_meter"
        self.volts, self.compliance = volts, compliance
        self.settings.append((self.now, volts, compliance))

    def _ohms(self) -> float:
        return self.resistance * (1e-4 if self.volts is not None and abs(self.volts) >= self.trigger else 1)

    def source_current(self, name: str) -> float:
        if self.volts is None:
            return 0.0
        return max(-self.compliance, min(self.compliance, self.volts / self._ohms()))

    def source_voltage(self, name: str) -> float:
        return self.source_current(name) * self._ohms()

    def clamped(self, name: str) -> bool:
        return self.volts is not None and abs(self.volts / self._ohms()) > self.compliance

    def noise(self, channel: str, t: float) -> float:
        if not self.noisy:
            return 0.0
        seed = [round(t * 1e6), sum(channel.encode())]
        return float(np.random.default_rng(seed).standard_normal())


class Desk:
    """One client without a socket: each line is executed at once, in simulated time."""

    def __init__(self, world: ResistorWorld, **options: bool | float) -> None:
        self.world = world
        self.timeline = Timeline(world, options.pop("pace", 0.0))
        self.station = Station(self.timeline)
        self.sim = Keithley2450Sim(world, self.timeline, self.station, **options)
        self._loop = asyncio.new_event_loop()
        self._client = self.client()

    def client(self) -> Callable[[str], bytes]:
        conversation = self.sim.dialogue(self.station.connect())
        return lambda line: self._loop.run_until_complete(conversation.execute(line))

    def __call__(self, line: str) -> str:
        return self._client(line).decode("latin-1")

    def raw(self, line: str) -> bytes:
        return self._client(line)

    def tell(self, script: str) -> None:
        """Send every line of a script, and insist that none leaves an error."""
        for line in script.strip().splitlines():
            self(line.strip())
            error = self(":SYST:ERR?")
            assert error.startswith("0,"), f"{line.strip()} left {error}"

    def hold(self, transcript: str) -> None:
        """Play a transcript: `> line` is sent, `< answer` must be what comes back."""
        answer = ""
        for line in filter(None, (text.strip() for text in transcript.splitlines())):
            if line.startswith(">"):
                answer = self(line[1:].strip())
            else:
                assert answer == line[1:].strip(), f"before {line}"

    def close(self) -> None:
        self._loop.close()


@pytest.fixture
def make_desk() -> Iterator[Callable[..., Desk]]:
    desks: list[Desk] = []

    def make(world: ResistorWorld | None = None, **options: bool | float) -> Desk:
        desks.append(Desk(world or ResistorWorld(), **options))
        return desks[-1]

    yield make
    for desk in desks:
        desk.close()


@pytest.fixture
def desk(make_desk: Callable[..., Desk]) -> Desk:
    return make_desk()


class ServedMeter:
    """A 2450 on a socket, in its own thread."""

    def __init__(self, world: ResistorWorld, single_client: bool = False) -> None:
        self.world = world
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        self.listener: Listener = asyncio.run_coroutine_threadsafe(self._open(single_client), self._loop).result(5)

    async def _open(self, single_client: bool) -> Listener:
        timeline = Timeline(self.world)
        station = Station(timeline)
        self.sim = Keithley2450Sim(self.world, timeline, station)
        return await listen(self._dialogue, station, single_client=single_client)

    def _dialogue(self, session: Session):
        return self.sim.dialogue(session)

    @property
    def port(self) -> int:
        return self.listener.port

    def close(self) -> None:
        asyncio.run_coroutine_threadsafe(self.listener.close(), self._loop).result(5)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.close()


@pytest.fixture
def serve_meter() -> Iterator[Callable[..., ServedMeter]]:
    served: list[ServedMeter] = []

    def serve(world: ResistorWorld | None = None, single_client: bool = False) -> ServedMeter:
        served.append(ServedMeter(world or ResistorWorld(), single_client))
        return served[-1]

    yield serve
    for meter in served:
        meter.close()


@pytest.fixture
def resistor() -> Callable[..., ResistorWorld]:
    return ResistorWorld
