"""A simulated lab: one world, one timeline, a source-meter and an AFM controller on their ports."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

from sim_instruments import bench_file
from sim_instruments.keithley2450 import Keithley2450Sim
from sim_instruments.nanonis import make_controller
from sim_instruments.nanonis.controller import Controller, ControllerSettings
from sim_instruments.server import Listener, listen
from sim_instruments.timeline import Station, Timeline
from sim_instruments.world import World, WorldSettings

TICK = 0.01
"""Wall time (s) between two looks at the clock when the lab has a pace, so that it goes on while nobody asks."""
POLL_INTERVAL = 0.02
"""Time between two polls of a driver (s, simulated) that the bench file proposes for a lab with a pace."""


@dataclass(frozen=True)
class LabSettings:
    """What a lab is made of. `pace`: simulated seconds a wall second, 0 for as fast as it can."""

    world: WorldSettings = field(default_factory=WorldSettings)
    controller: ControllerSettings = field(default_factory=ControllerSettings)
    pace: float = 0.0
    host: str = "127.0.0.1"
    bias_source: str = "source_meter"
    single_client: bool = False


class Lab:
    """A lab that can be started and stopped inside a running asyncio loop."""

    def __init__(self, settings: LabSettings, truth: TextIO | None = None) -> None:
        self.settings = settings
        self.world = World(settings.world)
        self.timeline = Timeline(self.world, settings.pace)
        self._stations = {name: Station(self.timeline) for name in ("source_meter", "probe")}
        self.source_meter = Keithley2450Sim(self.world, self.timeline, self._stations["source_meter"])
        self.controller: Controller = make_controller(
            self.world, self.timeline, self._stations["probe"], settings.controller
        )
        if truth is not None:
            self.world.truth = _truth_writer(truth)
        self._listeners: list[Listener] = []
        self._ticking: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Listen on free ports: the source-meter's one, the controller's four, and its data logger's."""
        host, station = self.settings.host, self._stations
        self._listeners = [
            await listen(
                self.source_meter.dialogue,
                station["source_meter"],
                host=host,
                single_client=self.settings.single_client,
            ),
            *[await listen(self.controller.dialogue, station["probe"], host=host) for _ in range(4)],
        ]
        if self.settings.pace > 0:
            self._ticking = asyncio.create_task(self._tick())

    async def _tick(self) -> None:
        while True:
            self.timeline.catch_up()
            await asyncio.sleep(TICK)

    @property
    def ports(self) -> list[int]:
        """The source-meter's port, then the controller's four."""
        return [listener.port for listener in self._listeners]

    async def stop(self) -> None:
        """Close every port."""
        if self._ticking is not None:
            self._ticking.cancel()
        for listener in self._listeners:
            await listener.close()

    def write_bench_file(self, path: Path) -> None:
        """Write the bench file that reaches this lab."""
        settings, ports = self.settings, self.ports
        bench_file.write(
            path,
            name=f"simulated {settings.world.sample}",
            bias_source=settings.bias_source,
            applied_to=settings.world.bias_applied_to,
            current_reading="both" if settings.bias_source == "source_meter" else "preamp",
            series_resistance=settings.world.series_resistance,
            host=settings.host,
            source_meter=ports[0],
            probe=ports[1],
            probe_abort=ports[2],
            deflection_sensitivity=settings.controller.deflection_sensitivity,
            spring_constant=settings.controller.spring_constant,
            poll_interval=POLL_INTERVAL / settings.pace if settings.pace else 0.0,
        )


def _truth_writer(file: TextIO) -> Callable[[dict[str, object]], None]:
    def write(line: dict[str, object]) -> None:
        file.write(json.dumps(line) + "\n")
        file.flush()

    return write
