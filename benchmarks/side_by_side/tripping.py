"""One way to ramp until a dendrite shoots in, and to stop: `python tripping.py METHOD BENCH.toml RATE`.

The tip stands on the sample already. A peer's loop is the one its users write: set, wait for the dwell, read, compare,
switch off. RATE in V/s, 50 samples a second. What the sample suffered is asked of the simulated world afterwards.
"""

import json
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.side_by_side.stepping import READ, address, open_visa, prompt

TRIP, COMPLIANCE, END, SAMPLES = 1e-9, 10e-9, 6.0, 50.0
"""Trip level and limit (A), last level (V), samples a second."""


def _opened(bench: Path) -> Any:
    """Return the source-meter set up by PyVISA, with a range for the whole ramp."""
    visa = open_visa(bench)
    visa.write(":SOUR:VOLT:RANG 20")
    return visa


def _walk(rate: float, write: Callable[[float], object], read: Callable[[], float]) -> None:
    """Step up until the current passes the trip level. Raises RuntimeError where it never does."""
    started, count = time.monotonic(), 0
    while (level := count * rate / SAMPLES) <= END:
        write(level)
        count += 1
        time.sleep(max(0.0, started + count / SAMPLES - time.monotonic()))
        if abs(read()) > TRIP:
            return
    raise RuntimeError(f"no dendrite up to {END} V")


def pyvisa_loop(bench: Path, rate: float) -> None:
    """PyVISA alone."""
    visa = _opened(bench)
    _walk(rate, lambda level: visa.write(f":SOUR:VOLT {level:.9g}"), lambda: float(visa.query(READ).split(",")[1]))
    visa.write(":OUTP OFF")
    visa.query("*OPC?")


def pymeasure_loop(bench: Path, rate: float) -> None:
    """PyMeasure's driver in a Procedure under its Worker; its `shutdown` ends the run as its examples do."""
    from pymeasure.experiment import Procedure, Results, Worker
    from pymeasure.instruments.keithley import Keithley2450

    _opened(bench).close()
    meter: Any = Keithley2450(address(bench), visa_library="@py", read_termination="\n", write_termination="\n")
    prompt(meter.adapter.connection)

    class Ramp(Procedure):
        DATA_COLUMNS = ("Voltage (V)", "Current (A)")

        def execute(self) -> None:
            _walk(rate, self._set, self._read)

        def _set(self, level: float) -> None:
            self.level = meter.source_voltage = level

        def _read(self) -> float:
            current = float(meter.current)
            self.emit("results", {"Voltage (V)": self.level, "Current (A)": current})
            return current

        def shutdown(self) -> None:
            meter.shutdown()

    with tempfile.TemporaryDirectory() as folder:
        worker = Worker(Results(Ramp(), str(Path(folder, "ramp.csv"))))
        worker.start()
        worker.join(timeout=120)


def qcodes_loop(bench: Path, rate: float) -> None:
    """QCoDeS's driver in a Measurement."""
    from qcodes.dataset import Measurement, initialise_or_create_database_at, load_or_create_experiment
    from qcodes.instrument_drivers.Keithley import Keithley2450

    _opened(bench).close()
    with tempfile.TemporaryDirectory() as folder:
        initialise_or_create_database_at(Path(folder, "ramp.db"))
        load_or_create_experiment("bench", sample_name="s")
        meter: Any = Keithley2450("meter", address(bench), visalib="@py", terminator="\n")
        prompt(meter.visa_handle)
        measurement = Measurement(name="ramp")
        measurement.register_parameter(meter.source.voltage)
        measurement.register_parameter(meter.sense.current, setpoints=(meter.source.voltage,))
        with measurement.run() as data:

            def read() -> float:
                current = float(meter.sense.current())
                data.add_result((meter.source.voltage, meter.source.voltage.cache()), (meter.sense.current, current))
                return current

            _walk(rate, meter.source.voltage, read)
            meter.output_enabled(False)


def _nanoprobe(way: str) -> Callable[[Path, float], None]:
    def ramp(bench: Path, rate: float) -> None:
        from nanoprobe import Plan
        from nanoprobe.engine import execute

        asked = {"rate": rate, "sample_rate": SAMPLES, "trip_current": TRIP, "compliance": COMPLIANCE, "trip_way": way}
        plan = Plan(procedure="trigger-ramp", bench=str(bench), parameters={**asked, "stop_bias": -END})
        with tempfile.TemporaryDirectory() as folder:
            outcome = execute(plan, Path(folder, "run.zarr"))
        assert outcome.status == "finished", outcome.error

    return ramp


METHODS: dict[str, Callable[[Path, float], None]] = {
    "nanoprobe, source-meter": _nanoprobe("source-meter"),
    "nanoprobe, AFM controller": _nanoprobe("controller"),
    "nanoprobe, host loop": _nanoprobe("host"),
    "PyVISA loop": pyvisa_loop,
    "PyMeasure": pymeasure_loop,
    "QCoDeS": qcodes_loop,
}


if __name__ == "__main__":
    METHODS[sys.argv[1]](Path(sys.argv[2]), float(sys.argv[3]))
    sys.stdout.write(json.dumps({}) + "\n")
