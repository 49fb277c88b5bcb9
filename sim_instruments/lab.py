"""A simulated lab: one world, one timeline, a source-meter and an AFM controller on their ports."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

from sim_instruments import bench_file
from sim_instruments.emstat4 import EmStat4Sim
from sim_instruments.emstat4.frontend import THERMOMETER
from sim_instruments.emstat4.pty import SerialPort
from sim_instruments.faults import FaultSpec, parse_fault
from sim_instruments.faults.ailment import Ailment
from sim_instruments.faults.box import FaultBox
from sim_instruments.faults.fault import Fault
from sim_instruments.faults.instrument_faults import ailment
from sim_instruments.faults.wire import Wires
from sim_instruments.filament import Switching
from sim_instruments.keithley2450 import Keithley2450Sim
from sim_instruments.nanonis import make_controller
from sim_instruments.nanonis.controller import Controller, ControllerSettings
from sim_instruments.nanonis.tcp_logger import TCPLog
from sim_instruments.noise import Noise
from sim_instruments.safety_log import SafetyLog
from sim_instruments.server import Dialogue, Listener, listen
from sim_instruments.timeline import Session, Station, Timeline
from sim_instruments.world import World, WorldSettings

TICK = 0.01
"""Wall time (s) between two looks at the clock when the lab has a pace, so that it goes on while nobody asks."""
SOURCE_METER_POLL, PROBE_POLL = 0.1, 0.02
"""Time between two polls of each driver (s, simulated) that the bench file proposes for a lab with a pace."""


@dataclass(frozen=True)
class LabSettings:
    """What a lab is made of. `pace`: simulated seconds a wall second, 0 for as fast as it can."""

    world: WorldSettings = field(default_factory=WorldSettings)
    controller: ControllerSettings = field(default_factory=ControllerSettings)
    pace: float = 0.0
    host: str = "127.0.0.1"
    bias_source: str = "source_meter"
    single_client: bool = False
    pty: bool = False
    """Whether the potentiostat is reached over a pseudo-terminal instead of TCP."""
    faults: tuple[FaultSpec, ...] = ()


class Lab:
    """A lab that can be started and stopped inside a running asyncio loop.

    `truth` and `log` take a line of JSON for every true trigger voltage, and for every change of what must be safe.
    """

    def __init__(self, settings: LabSettings, truth: TextIO | None = None, log: TextIO | None = None) -> None:
        self.settings = settings
        self.world = World(settings.world)
        self.timeline = Timeline(self.world, settings.pace)
        self._stations = {name: Station(self.timeline) for name in ("source_meter", "probe", "potentiostat")}
        self.source_meter = Keithley2450Sim(self.world, self.timeline, self._stations["source_meter"])
        self.controller: Controller = make_controller(
            self.world, self.timeline, self._stations["probe"], settings.controller
        )
        self.potentiostat = EmStat4Sim(
            self.world.cell, self.timeline, self._stations["potentiostat"], Noise(settings.world.seed)
        )
        if truth is not None:
            write_truth = _truth_writer(truth)
            write_truth(self.world.cell.truth)
            self.world.truth = write_truth
            self.world.contacts.switched = lambda event, place: _tell_switching(write_truth, event, place)
        self._dialogues: dict[str, Callable[[Session], Dialogue]] = {
            "source_meter": self.source_meter.dialogue,
            "probe": self.controller.dialogue,
            "potentiostat": self.potentiostat.dialogue,
        }
        self.log = self._make_log(log)
        self._faults = {name: self._fault_box(name) for name in self._stations}
        self._listeners: list[Listener] = []
        self._serial: Listener | SerialPort | None = None
        self._stream: Listener | None = None
        self._ticking: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Listen on free ports: the source-meter's one, the controller's four, and its data logger's."""
        self._listeners = [
            await self._listen("source_meter", self.settings.single_client),
            *[await self._listen("probe", False) for _ in range(4)],
        ]
        # A station of its own: whoever listens to the stream owns no time.
        stream = self.controller.module(TCPLog).stream
        self._stream = await listen(stream, Station(self.timeline), host=self.settings.host)
        self._serial = await self._open_serial()
        for fault in self.settings.faults:
            self.inject(fault)
        if self.settings.pace > 0:
            self._ticking = asyncio.create_task(self._tick())

    async def _open_serial(self) -> Listener | SerialPort:
        if not self.settings.pty:
            return await self._listen("potentiostat", False)
        port = SerialPort(self.potentiostat.dialogue, self._stations["potentiostat"])
        await port.open()
        return port

    async def _listen(self, name: str, single_client: bool) -> Listener:
        return await listen(
            self._dialogues[name],
            self._stations[name],
            host=self.settings.host,
            single_client=single_client,
            wire=Wires(self._faults[name], framed=name == "probe"),
            on_client=self.log.clients_of(name),
        )

    def _make_log(self, file: TextIO | None) -> SafetyLog:
        log = SafetyLog(lambda: self.timeline.now, file)
        self.source_meter.instrument.source.on_switch = log.note_output
        self.world.on_bias = log.note_bias
        self.controller.z.on_tip = log.note_tip
        self.potentiostat.device.frontend.on_switch = log.note_cell
        return log

    @property
    def events(self) -> list[dict[str, object]]:
        """The latest changes of outputs, biases, tip and clients (see `SafetyLog`), oldest first."""
        return list(self.log.events)

    # --- faults

    def _fault_box(self, name: str) -> FaultBox:
        def ail(fault: Fault) -> Ailment:
            return ailment(fault, self.source_meter, self.controller, self.potentiostat.device)

        return FaultBox(self.timeline, ail, lambda: self._break(name, False), lambda: self._break(name, True))

    def _break(self, name: str, unplug: bool) -> None:
        of_cable = [self._serial] if isinstance(self._serial, Listener) else []
        of = {"source_meter": self._listeners[:1], "probe": self._listeners[1:], "potentiostat": of_cable}
        for listener in of[name]:
            listener.unplug() if unplug else listener.hang_up()

    def inject(self, fault: FaultSpec | str) -> None:
        """Let a fault happen; call it in the lab's own thread. Raises BadFault."""
        spec = parse_fault(fault) if isinstance(fault, str) else fault
        self._faults[spec.instrument].add(spec)

    @property
    def faults_waiting(self) -> list[FaultSpec]:
        """The faults that have not happened yet."""
        return [spec for box in self._faults.values() for spec in box.waiting]

    def commands(self, instrument: str) -> int:
        """Return how many commands have come to `instrument` so far."""
        return self._faults[instrument].commands

    @property
    def stream_port(self) -> int:
        """The port of the controller's data logger stream."""
        assert self._stream is not None, "the lab is not started"
        return self._stream.port

    async def _tick(self) -> None:
        while True:
            self.timeline.catch_up()
            await asyncio.sleep(TICK)

    @property
    def ports(self) -> list[int]:
        """The source-meter's port, then the controller's four."""
        return [listener.port for listener in self._listeners]

    @property
    def potentiostat_resource(self) -> str:
        """The VISA resource of the potentiostat."""
        if isinstance(self._serial, SerialPort):
            return f"ASRL{self._serial.path}::INSTR"
        assert self._serial is not None, "the lab is not started"
        return f"ASRLsocket://{self.settings.host}:{self._serial.port}::INSTR"

    async def stop(self) -> None:
        """Close every port."""
        if self._ticking is not None:
            self._ticking.cancel()
        for port in (*self._listeners, self._stream, self._serial):
            if port is not None:
                await port.close()

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
            stream=self.stream_port,
            potentiostat=self.potentiostat_resource,
            cell=settings.world.cell.kind,
            cell_area=settings.world.cell.area,
            thermometer=THERMOMETER,
            deflection_sensitivity=settings.controller.deflection_sensitivity,
            spring_constant=settings.controller.spring_constant,
            dead_socket=f"\ndead_socket_port = {dead}" if (dead := self._listeners[0].dead_socket_port) else "",
            source_meter_poll=SOURCE_METER_POLL / settings.pace if settings.pace else 0.0,
            probe_poll=PROBE_POLL / settings.pace if settings.pace else 0.0,
        )


def _tell_switching(write: Callable[[dict[str, object]], None], event: Switching, place: tuple[float, float]) -> None:
    """Write what a filament has done; that its neck has formed is no news after its trigger."""
    if event.kind != "formed":
        x, y = place
        line = {"t": event.time, "x": x, "y": y, "event": event.kind, "cycle": event.cycle}
        write({**line, "voltage": event.voltage, "resistance": event.resistance})


def _truth_writer(file: TextIO) -> Callable[[dict[str, object]], None]:
    def write(line: dict[str, object]) -> None:
        file.write(json.dumps(line) + "\n")
        file.flush()

    return write
