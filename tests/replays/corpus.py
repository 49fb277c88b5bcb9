"""The recordings in this folder: what each is of, and how all are made again (`make replays`, or with names: some).

procedures/NAME.zip: a run of every procedure; sessions/NAME.zip: runs that were paced, aborted, resumed, biased by the
controller; faults/INSTRUMENT-KIND.zip: a ramp into which the simulated lab put a fault; clients/NAME.wire: programs
that are not ours.
"""

import importlib.util
import json
import os
import re
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, chdir, contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest import mock

import nanonis_spm
from pymeasure.instruments.keithley import Keithley2450

from nanoprobe import retry
from nanoprobe.control import RunControl
from nanoprobe.engine import execute, resume
from nanoprobe.events import Event, Events, Recorded
from nanoprobe.plan import Plan
from nanoprobe.recording import Item, Kind, SessionInfo
from nanoprobe.recording.items import ENDS, NO_SESSION, pack_items
from nanoprobe.records import RampDone
from nanoprobe.replay.packing import pack_run
from nanoprobe.storage.traffic import TrafficWriter
from sim_instruments.faults.kinds import KINDS
from sim_instruments.nanonis.controller import ControllerSettings

HERE = Path(__file__).parent
NEAR = ControllerSettings(coarse_gap=2e-6)
"""The sample is within reach of the piezo: no long approach."""
RAMP = {"stop_bias": -3.0, "rate": 2.0}
IMAGE = {"image_pixels": 16, "image_size": 1e-6, "image_line_rate": 20.0, "min_confidence": 0.0}
PROCEDURES: dict[str, dict[str, Any]] = {
    "contact-check": {"dwell": 0.02},
    "current-map": {"pixels": 16, "size": 1e-6, "line_rate": 20.0},
    "trigger-ramp": RAMP,
    "open-circuit": {"duration": 5.0},
    "eis": {"lowest": 10.0, "per_decade": 5},
    "cyclic-voltammetry": {"rate": 0.05, "step": 0.01, "scans": 1},
    "drift-correct": {"images": 2, "interval": 1.0, **IMAGE},
    "force-curve": {"samples": 100, "rate": 10.0},
    "modulus-map": {"pixels": 4, "image_every": 0},
    "critical-current-density": {
        "lowest": 100.0,
        "per_decade": 2,
        "last": 2.0,
        "capacity": 20.0,
        "between_steps": False,
    },
    "galvanostatic-cycling": {"cycles": 2, "density": 0.5, "capacity": 10.0, "interval": 1.0},
    "chrono-growth": {"duration": 5.0, "sample_rate": 50.0},
    "galvano-growth": {"charge_stop": 300e-12, "sample_rate": 50.0},
    "heal": {"growth_run": "growth.zarr", "bias": 1.5, "hold_time": 5.0, "sample_rate": 50.0},
    "mem-sweep": {"loops": 1, "reads": 2},
    "endurance": {"cycles": 10, "reads": 2},
    "retention": {"duration": 100.0, "per_decade": 1, "drift_wait": 1.0, **IMAGE},
    "trigger-map": {"nx": 2, "ny": 2, "image_every": 4, "check_every": 4, "check_dwell": 0.02, **RAMP, **IMAGE},
}
"""Short plans, one of every procedure."""
GRID = {"nx": 3, "ny": 1, "image_every": 0, "check_every": 0, **RAMP}
PATIENCE, LONG_PATIENCE = 2.0, 60.0
"""Longest wait for an answer (s) on a lab that breaks, and on one that does not, on a busy computer."""
DEADLINES = {
    "drivers.nanonis_tip.LAND_TIMEOUT": 2.0,
    "drivers.nanonis_tip.SLACK": 2.0,
    "drivers.nanonis_spectroscopy.SLACK": 2.0,
    "drivers.keithley2450_off.CONFIRM_TIMEOUT": PATIENCE,
    "drivers.keithley2450.READ_SLACK": 2.0,
}
"""Deadlines made for real instruments, in s for a lab that breaks: the same in a recording and in its replay."""
NO_RUN = frozenset({"wrong-model", "wrong-language"})
"""Faults that are found when the bench is opened, before there is a run to record into."""
FAULTS = {
    f"{instrument}-{kind.name}": f"{instrument}:{kind.name}{'=0.1' if kind.name == 'delay' else ''}"
    for kind in KINDS.values()
    for instrument in kind.instruments
    if kind.name not in NO_RUN and kind.name != "scan-stopped"
}


@contextmanager
def short_deadlines() -> Iterator[None]:
    """Do not wait for long for instruments that are broken."""
    reading = replace(retry.POLICY[retry.Operation.READ], timeout=PATIENCE)
    with ExitStack() as stack:
        for name, seconds in DEADLINES.items():
            stack.enter_context(mock.patch(name, seconds))
        stack.enter_context(mock.patch.object(retry, "POLICY", {**retry.POLICY, retry.Operation.READ: reading}))
        yield


@contextmanager
def lab(timeout: float = LONG_PATIENCE, **options: Any) -> Iterator[Any]:
    """Serve a lab for the time of the block, with a bench file that lets instruments take `timeout` (s) for an answer."""
    sys.path.insert(0, str(HERE.parent))
    from conftest import start_lab

    with tempfile.TemporaryDirectory() as folder:
        running = start_lab(Path(folder), **{"controller": NEAR, **options})
        bench = running.bench_file
        bench.write_text(re.sub(r"(?m)^(driver = .*)$", rf"\1\ntimeout = {timeout:g}", bench.read_text()))
        try:
            yield running
        finally:
            running.stop()


def keep(run: Path, to: str) -> None:
    """Put a run into the corpus."""
    target = HERE / to
    target.parent.mkdir(exist_ok=True)
    target.unlink(missing_ok=True)
    pack_run(run, target)


# --- runs of ours


def record(name: str, procedure: str, parameters: dict[str, Any], **options: Any) -> None:
    with lab(**options) as running, tempfile.TemporaryDirectory() as folder:
        run = Path(folder) / "run.zarr"
        outcome = execute(Plan(procedure=procedure, bench=str(running.bench_file), parameters=parameters), run)
        assert outcome.status == "finished", outcome.error
        keep(run, name)


def record_heal() -> None:
    """What was grown is healed: the plan names the run that has grown it by a path beside it."""
    with lab(seed=1) as running, tempfile.TemporaryDirectory() as folder, chdir(folder):
        for name, run in (("galvano-growth", Path("growth.zarr")), ("heal", Path("heal.zarr"))):
            plan = Plan(procedure=name, bench=str(running.bench_file), parameters=PROCEDURES[name])
            outcome = execute(plan, run)
            assert outcome.status == "finished", outcome.error
            keep(run, f"procedures/{name}.zip")


def record_aborted() -> None:
    """The operator stops a map after its first point."""
    with lab() as running, tempfile.TemporaryDirectory() as folder:
        control, events = RunControl(), Events()

        def stop(event: Event) -> None:
            if isinstance(event, Recorded) and isinstance(event.record, RampDone):
                control.abort()

        events.event.connect(stop)
        run = Path(folder) / "run.zarr"
        plan = Plan(procedure="trigger-map", bench=str(running.bench_file), parameters=GRID)
        assert execute(plan, run, events, control).status == "aborted"
        keep(run, "sessions/aborted.zip")
        assert resume(run).status == "finished"
        keep(run, "sessions/resumed.zip")


def record_fault(name: str) -> None:
    """A ramp on a lab that breaks just after the bias has left 0, or a voltammogram with a broken potentiostat."""
    with short_deadlines(), lab(timeout=PATIENCE) as running, tempfile.TemporaryDirectory() as folder:
        procedure = "cyclic-voltammetry" if name.startswith("potentiostat") else "trigger-ramp"
        if procedure == "trigger-ramp":
            inject_when_biased(running, FAULTS[name])
        else:
            running.call(lambda: running.lab.inject(f"{FAULTS[name]}@match=meas_loop"))
        run = Path(folder) / "run.zarr"
        execute(Plan(procedure=procedure, bench=str(running.bench_file), parameters=PROCEDURES[procedure]), run)
        assert not running.lab.faults_waiting, name
        keep(run, f"faults/{name}.zip")


def inject_when_biased(running: Any, fault: str) -> None:
    world, log = running.lab.world, running.lab.world.on_bias
    instrument = fault.partition(":")[0]

    def note(source: str, on: bool) -> None:
        log(source, on)
        if on and world.on_bias is note:
            world.on_bias = log
            running.lab.inject(f"{fault}@command={running.lab.commands(instrument) + 2}")

    running.call(lambda: setattr(world, "on_bias", note))


# --- programs that are not ours


class Proxy:
    """Stands between a client and an instrument and notes what passes."""

    def __init__(self, target: int, session: SessionInfo) -> None:
        self._items = [Item(time.monotonic(), 0, Kind.SESSION, session.pack())]
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._target = target
        self._sockets: list[socket.socket] = [self._listener]
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def _accept(self) -> None:
        with suppress(OSError):
            client, _ = self._listener.accept()
            server = socket.create_connection(("127.0.0.1", self._target))
            for each in (client, server):
                each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._sockets += (client, server)
            for source, sink, kind in ((client, server, Kind.SENT), (server, client, Kind.RECEIVED)):
                self._threads.append(threading.Thread(target=self._pump, args=(source, sink, kind)))
                self._threads[-1].start()

    def _pump(self, source: socket.socket, sink: socket.socket, kind: Kind) -> None:
        with suppress(OSError):
            while data := source.recv(1 << 16):
                with self._lock:
                    self._items.append(Item(time.monotonic(), 0, kind, data))
                    sink.sendall(data)

    def close(self, to: Path, result: Any) -> None:
        """End, and write what was said, with what came of it."""
        for each in self._sockets:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()
        for thread in self._threads:
            thread.join(5)
        for text in (f"result {json.dumps(result)}", ENDS):
            self._items.append(Item(time.monotonic(), NO_SESSION, Kind.MARK, text.encode()))
        to.parent.mkdir(exist_ok=True)
        to.unlink(missing_ok=True)
        writer = TrafficWriter(to)
        writer.append(pack_items(self._items))
        writer.close()


def pymeasure_2450(port: int) -> list[Any]:
    """PyMeasure's own driver over its own adapter: settings read back, a source switched on and measured."""
    meter = Keithley2450(
        f"TCPIP0::127.0.0.1::{port}::SOCKET",
        visa_library="@py",
        read_termination="\n",
        write_termination="\n",
        timeout=5000,
    )
    meter.reset()
    meter.apply_voltage(voltage_range=2, compliance_current=1e-6)
    meter.measure_current(nplc=0.1, current=1e-6, auto_range=False)
    found = [meter.id, meter.source_voltage_range, meter.compliance_current]
    meter.source_voltage = 0.5
    meter.enable_source()
    found += [meter.current for _ in range(5)]
    meter.disable_source()
    meter.adapter.close()
    return found


def specs_nanonis(port: int) -> list[Any]:
    """The maker's own client: bias, feedback, a move, signals."""
    connection = socket.create_connection(("127.0.0.1", port), timeout=20)
    nanonis = nanonis_spm.Nanonis(connection)
    found = [
        nanonis.Bias_Set(0.5),
        nanonis.Bias_Get(),
        nanonis.Signals_ValsGet([0, 1, 2], 1),
        nanonis.ZCtrl_CtrlListGet(),
        nanonis.FolMe_SpeedSet(1e-6, 1),
        nanonis.FolMe_XYPosSet(1e-7, -1e-7, 1),
        nanonis.FolMe_XYPosGet(1),
        nanonis.Piezo_RangeGet(),
        nanonis.Bias_Set(0.0),
    ]
    connection.close()
    return [json.loads(json.dumps(list(values), default=_plain)) for _, _, values in found]


CYCLE = {"begin_potential_v": 0.0, "e_min": -0.1, "e_max": 0.1, "pgstat_mode": 2, "bandwidth_hz": 600.0}
READ = {"current_range_a": 1e-3, "autorange": True, "equilibration_s": 0.1}


def labmcp_emstat4(port: int) -> list[Any]:
    """labmcp-palmsens 0.1.3: who is there, a voltammogram, a step, a script that is refused, one that fails."""
    from labmcp import InstrumentProtocolError
    from labmcp.transports.tcp import TCPTransport
    from labmcp_palmsens.driver import MethodScriptDevice, build_script

    device = MethodScriptDevice(
        TCPTransport("127.0.0.1", port, read_termination="\n", write_termination="\n", timeout=5.0)
    )
    found: list[Any] = [device.identify()]
    for technique, timed in (("meas_loop_cv p c 0 100m -100m 10m 1", False), ("meas_loop_ca p c 50m 100m 2", True)):
        done = device.execute(build_script(technique, **CYCLE, **READ, with_timer=timed), 60.0)
        packets = [[[one.type, one.value, one.status, one.range] for one in packet] for _, packet in done.packets]
        found.append([done.error, done.aborted, len(packets), packets[:3], packets[-1]])
    try:
        device.execute(["var p", "meas_loop_nonsense p"], 5.0)
    except InstrumentProtocolError as error:
        found.append(str(error))
    failed = device.execute(["var a", "var b", "store_var a 1 ja", "store_var b 0 ja", "cell_on", "div_var a b"], 5.0)
    found.append([failed.error, failed.cell_off_sent])
    device.close()
    return found


def _plain(value: Any) -> Any:
    return value.tolist() if hasattr(value, "tolist") else str(value)


CLIENTS: dict[str, tuple[Callable[[int], list[Any]], SessionInfo, Callable[[Any], int]]] = {
    "pymeasure-keithley2450": (
        pymeasure_2450,
        SessionInfo("source_meter", "pymeasure2450", "PyMeasure", "2450"),
        lambda lab: lab.ports[0],
    ),
    "nanonis-spm": (specs_nanonis, SessionInfo("probe", "nanonis", "nanonis-spm", "Nanonis"), lambda lab: lab.ports[1]),
    "labmcp-palmsens": (
        labmcp_emstat4,
        SessionInfo("potentiostat", "emstat4", "labmcp-palmsens", "EmStat4"),
        lambda lab: int(lab.potentiostat_resource.split(":")[-3]),
    ),
}
"""A client, its session, and which port of a lab it talks to."""
NOT_INSTALLED = {"labmcp-palmsens": "labmcp_palmsens"}
"""Clients that bring too much to be installed for the tests, with their modules: what they said is said again instead."""


def record_client(name: str) -> None:
    client, session, port = CLIENTS[name]
    if name in NOT_INSTALLED and importlib.util.find_spec(NOT_INSTALLED[name]) is None:
        sys.stderr.write(f"clients/{name}: {NOT_INSTALLED[name]} is not installed; its recording stays as it is\n")
        return
    with lab() as running:
        proxy = Proxy(port(running.lab), session)
        result = client(proxy.port)
        proxy.close(HERE / f"clients/{name}.wire", result)


# --- all of it

SESSIONS: dict[str, Callable[[], None]] = {
    "sessions/paced": lambda: record("sessions/paced.zip", "trigger-ramp", RAMP, pace=10.0),
    "sessions/controller-bias": lambda: record(
        "sessions/controller-bias.zip", "trigger-ramp", {**RAMP, "stop_bias": -1.0}, pace=10.0, bias_source="probe"
    ),
    "sessions/tcp-logger": lambda: record(
        "sessions/tcp-logger.zip",
        "chrono-growth",
        {"bias": -0.5, "duration": 0.5, "sample_rate": 200.0, "stop_current": 5e-9},
        bias_source="probe",
    ),
    "sessions/aborted": record_aborted,
}
MAKERS: dict[str, Callable[[], None]] = {
    **{
        f"procedures/{name}": lambda name=name, parameters=parameters: record(  # type: ignore[misc]
            f"procedures/{name}.zip", name, parameters
        )
        for name, parameters in PROCEDURES.items()
        if name not in ("galvano-growth", "heal")
    },
    "procedures/heal": record_heal,
    **SESSIONS,
    **{f"faults/{name}": lambda name=name: record_fault(name) for name in FAULTS},  # type: ignore[misc]
    **{f"clients/{name}": lambda name=name: record_client(name) for name in CLIENTS},  # type: ignore[misc]
}


def main(wanted: list[str]) -> None:
    """Make the recordings whose names begin with one of `wanted`; all of them for none."""
    with tempfile.TemporaryDirectory() as state:
        os.environ["NANOPROBE_STATE"] = state
        for name, make in MAKERS.items():
            if not wanted or name.startswith(tuple(wanted)):
                sys.stdout.write(f"{name}\n")
                make()


if __name__ == "__main__":
    main(sys.argv[1:])
