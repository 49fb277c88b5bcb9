"""One way to step a source-meter through a ramp, point by point: `python stepping.py METHOD BENCH.toml POINTS FOLDER`.

A point is set voltage, read current, store. Every method gets the same Keithley 2450 of the simulated lab, set up in
the same way, and a connection without Nagle's delay, which PyVISA-py leaves on (it costs a point 44 ms). Prints the
wall and processor time a point (us), from the first point to the last one handed to the disk.
"""

import json
import socket
import sys
import tempfile
import time
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

END = 0.2
"""Last level (V): below the plating onset, so that every method finds the same contact."""
SET_UP = (
    "*RST",
    ':SOUR:FUNC VOLT;:SENS:FUNC "CURR";:SENS:CURR:NPLC 0.1;:SENS:CURR:AZER OFF;:SENS:CURR:RANG 1e-8',
    ":SOUR:VOLT:RANG 2;:SOUR:VOLT:ILIM 1e-8;:SOUR:VOLT:DEL 0;:SOUR:VOLT 0;:OUTP ON",
)
READ = ':READ? "defbuffer1",SOUR,READ'


Took = tuple[float, float]
"""Wall time and processor time (s)."""


def now() -> Took:
    """Return both clocks."""
    return time.perf_counter(), time.process_time()


def since(begun: Took) -> Took:
    """Return what has passed on both clocks."""
    wall, processor = now()
    return wall - begun[0], processor - begun[1]


def address(bench: Path) -> str:
    """Return the resource of the bench's source-meter."""
    return str(tomllib.loads(bench.read_text(encoding="utf-8"))["instruments"]["source_meter"]["resource"])


def levels(points: int) -> list[float]:
    """Return the levels of the ramp (V)."""
    return [float(level) for level in np.linspace(0, END, points)]


def prompt(visa: Any) -> Any:
    """Switch Nagle's delay off on a PyVISA-py socket."""
    visa.visalib.sessions[visa.session].interface.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return visa


def open_visa(bench: Path) -> Any:
    """Open the source-meter with PyVISA alone, set up and switched on."""
    import pyvisa

    manager = pyvisa.ResourceManager("@py")
    visa = prompt(manager.open_resource(address(bench), read_termination="\n", write_termination="\n"))
    visa.timeout = 60_000
    for line in SET_UP:
        visa.write(line)
    visa.query("*OPC?")
    return visa


def bare_socket(bench: Path, points: int, folder: Path) -> Took:
    """The floor: a plain socket, one line a point, nothing stored."""
    _, host, port, _ = address(bench).split("::")
    with socket.create_connection((host, int(port))) as line:
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        answers = line.makefile("r")
        line.sendall(("\n".join(SET_UP) + "\n*OPC?\n").encode())
        answers.readline()
        begun, found = now(), []
        for level in levels(points):
            line.sendall(f":SOUR:VOLT {level:.9g};{READ}\n".encode())
            found.append(answers.readline())
        return since(begun)


def bare_pyvisa(bench: Path, points: int, folder: Path) -> Took:
    """PyVISA in a loop: what a script of one's own does; nothing stored."""
    visa = open_visa(bench)
    begun, found = now(), []
    for level in levels(points):
        visa.write(f":SOUR:VOLT {level:.9g}")
        found.append([float(word) for word in visa.query(READ).split(",")])
    return since(begun)


def nanoprobe(bench: Path, points: int, folder: Path) -> Took:
    """This app's host loop in a run: stored, and recoverable after kill -9 within 250 ms."""
    from nanoprobe import Plan
    from nanoprobe.engine import execute
    from nanoprobe.events import Events, Recorded

    marks: dict[str, Took] = {}
    events = Events()

    def note(event: object) -> None:
        if isinstance(event, Recorded):
            marks[event.topic] = now()

    events.event.connect(note)
    rate = 1000.0
    ramp = {"stop_bias": -END, "rate": END * rate / points, "sample_rate": rate, "trip_way": "host"}
    outcome = execute(Plan(procedure="trigger-ramp", bench=str(bench), parameters=ramp), folder / "run.zarr", events)
    assert outcome.status == "finished", outcome.error
    return marks["ramp"][0] - marks["point"][0], marks["ramp"][1] - marks["point"][1]


def pymeasure(bench: Path, points: int, folder: Path) -> Took:
    """PyMeasure's own driver and Procedure under its Worker, into its CSV."""
    from pymeasure.experiment import Procedure, Results, Worker
    from pymeasure.instruments.keithley import Keithley2450

    open_visa(bench).close()
    meter = Keithley2450(address(bench), visa_library="@py", read_termination="\n", write_termination="\n")
    prompt(meter.adapter.connection)

    class Ramp(Procedure):
        DATA_COLUMNS = ("Voltage (V)", "Current (A)")

        def execute(self) -> None:
            for level in levels(points):
                meter.source_voltage = level
                self.emit("results", {"Voltage (V)": level, "Current (A)": meter.current})

    worker = Worker(Results(Ramp(), str(folder / "ramp.csv")))
    begun = now()
    worker.start()
    worker.join(timeout=600)
    return since(begun)


def qcodes(bench: Path, points: int, folder: Path) -> Took:
    """QCoDeS's own driver in a Measurement, into its database as it does by default (every 5 s)."""
    from qcodes.dataset import Measurement, initialise_or_create_database_at, load_or_create_experiment
    from qcodes.instrument_drivers.Keithley import Keithley2450

    open_visa(bench).close()
    initialise_or_create_database_at(folder / "ramp.db")
    load_or_create_experiment("bench", sample_name="s")
    meter = Keithley2450("meter", address(bench), visalib="@py", terminator="\n")
    prompt(meter.visa_handle)
    measurement = Measurement(name="ramp")
    measurement.register_parameter(meter.source.voltage)
    measurement.register_parameter(meter.sense.current, setpoints=(meter.source.voltage,))
    begun = now()
    with measurement.run() as data:
        for level in levels(points):
            meter.source.voltage(level)
            data.add_result((meter.source.voltage, level), (meter.sense.current, meter.sense.current()))
    return since(begun)


class _Done:
    """A status of Bluesky's that is over already."""

    done = success = True

    def add_callback(self, call: Callable[[Any], None]) -> None:
        call(self)

    def exception(self, timeout: float = 0.0) -> None:
        return None


class _Quantity:
    """The least that Bluesky asks of a device."""

    parent = None

    def __init__(self, name: str, write: Callable[[float], object], read: Callable[[], float]) -> None:
        self.name, self._write, self._read = name, write, read
        self.hints = {"fields": [name]}

    def set(self, value: float) -> _Done:
        self._write(value)
        return _Done()

    def read(self) -> dict[str, dict[str, float]]:
        return {self.name: {"value": self._read(), "timestamp": time.time()}}

    def describe(self) -> dict[str, dict[str, Any]]:
        return {self.name: {"source": "bench", "dtype": "number", "shape": []}}

    def read_configuration(self) -> dict[str, Any]:
        return {}

    def describe_configuration(self) -> dict[str, Any]:
        return {}


def bluesky(bench: Path, points: int, folder: Path) -> Took:
    """Bluesky's RunEngine over PyVISA, its documents written as lines of JSON."""
    from bluesky import RunEngine
    from bluesky.plans import list_scan

    visa = open_visa(bench)
    state = {"level": 0.0}

    def write(level: float) -> None:
        state["level"] = level
        visa.write(f":SOUR:VOLT {level:.9g}")

    voltage = _Quantity("voltage", write, lambda: state["level"])
    current = _Quantity("current", lambda _: None, lambda: float(visa.query(READ).split(",")[1]))
    engine = RunEngine({})
    with (folder / "documents.jsonl").open("w") as file:
        engine.subscribe(lambda name, document: file.write(json.dumps([name, document], default=str) + "\n"))
        begun = now()
        engine(list_scan([current], voltage, levels(points)))
        return since(begun)


METHODS: dict[str, Callable[[Path, int, Path], Took]] = {
    "bare socket": bare_socket,
    "bare PyVISA": bare_pyvisa,
    "nanoprobe": nanoprobe,
    "PyMeasure": pymeasure,
    "QCoDeS": qcodes,
    "Bluesky": bluesky,
}


def main() -> None:
    """Run one method and print its figures."""
    method, bench, points = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
    with tempfile.TemporaryDirectory(dir=sys.argv[4]) as folder:
        seconds, processor = METHODS[method](bench, points, Path(folder))
    sys.stdout.write(json.dumps({"us": 1e6 * seconds / points, "cpu_us": 1e6 * processor / points}) + "\n")


if __name__ == "__main__":
    main()
