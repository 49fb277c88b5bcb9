"""PalmSens EmStat4 (LR, HR) and Nexus through MethodSCRIPT over a serial line."""

import math
from typing import Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field
from pymeasure.instruments import Instrument
from pyvisa.constants import ControlFlow

from drivers.emstat4_check import check
from drivers.emstat4_models import MODELS, Model, model_of
from drivers.emstat4_run import ScriptRunner
from drivers.link import Link
from drivers.linked import Linked
from drivers.methodscript import REST_TIME, columns, script, temperature_script
from drivers.methodscript_packages import OVERLOAD, parse_package
from drivers.methodscript_packages import Field as Variable
from nanoprobe.errors import GarbledAnswer, InstrumentError, InstrumentTimeout, LinkLost, Unreachable
from nanoprobe.plugins import Driver
from nanoprobe.potentiostat import Potentiostat
from nanoprobe.retry import Operation, attempt
from nanoprobe.roles import Watch
from nanoprobe.techniques import (
    ConstantCurrent,
    ConstantVoltage,
    CyclicSweep,
    Dc,
    Ended,
    Impedance,
    LinearSweep,
    OnSpectrum,
    OnTrace,
    OpenCircuit,
    Reach,
    Spectrum,
    Trace,
)

CONFIRM_TIMEOUT = 2.0
"""Longest time an exchange in progress may take until it is given up for switching off (s)."""
BEARABLE = 2
"""Packages in a row that may say overload: the device looks for its range with the first."""
PERIODS = 5
"""Longest time an impedance takes, in periods of its frequency."""
CELSIUS = 273.15

_FLOW = {"none": ControlFlow.none, "xon_xoff": ControlFlow.xon_xoff, "rts_cts": ControlFlow.rts_cts}


class Options(BaseModel):
    """Options of the driver `emstat4` in a bench file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    baud_rate: Literal[921600, 230400] = Field(921600, description="speed of the serial line (1/s); any over USB")
    flow_control: Literal["none", "xon_xoff", "rts_cts"] = Field(
        "xon_xoff", description="none, xon_xoff (USB, Pico) or rts_cts (UART of the EmStat4)"
    )
    timeout: float = Field(5.0, gt=0, le=60, description="longest wait for an answer beyond what a technique takes (s)")
    thermometer: float = Field(
        0.0, ge=0, le=1, description="what the cell's thermometer at analog input 0 gives (V/°C); 0: there is none"
    )


class EmStat4(Linked, Instrument):
    """A PyMeasure instrument that fulfils the role `Potentiostat`."""

    serial_number = Instrument.measurement(
        "i", """Get the serial number (str).""", cast=str, preprocess_reply=lambda reply: reply[1:]
    )
    script_version = Instrument.measurement(
        "v", """Get the version of MethodSCRIPT the device speaks (str).""", cast=str, preprocess_reply=lambda r: r[1:]
    )

    def __init__(self, adapter: Link, options: Options | None = None, name: str = "EmStat4", **kwargs: Any) -> None:
        kwargs.setdefault("includeSCPI", False)
        super().__init__(adapter, name, **kwargs)
        self.settings = options or Options()
        self._model: Model = MODELS[0]
        self._identity = ""
        self._runner = ScriptRunner(adapter)

    # --- who it is

    def identify(self) -> str:
        """Ask who is there. Raises Unreachable for another device."""
        with self.exchange():
            version = self.ask("t").removeprefix("t")
            release = str(self.adapter.read(timeout=self.settings.timeout)).rstrip("*")
        model = model_of(version)
        if model is None:
            names = ", ".join(model.name for model in MODELS)
            raise Unreachable(
                f"expected one of {names} but '{version:.40}' answers; check the resource in the bench file"
            )
        self._model = model
        digits = version[len(model.prefixes[0]) :].partition("#")[0]
        firmware = ".".join((digits[:1], digits[1:2], digits[2:]))
        self._identity = f"PalmSens {model.name}, firmware {firmware} {release}, serial number {self.serial_number}"
        return self._identity

    @property
    def identity(self) -> str:
        """Model, firmware and serial number."""
        return self._identity or self.identify()

    @property
    def reach(self) -> Reach:
        """What the model can do."""
        return self._model.reach

    # --- techniques

    def check(self, technique: Dc | Impedance) -> None:
        """Raise BadInput, naming value, unit and limit, for a technique this model cannot run."""
        check(technique, self._model)

    def measure(self, technique: Dc, watch: Watch, on_trace: OnTrace) -> Trace:
        """Run a technique; see Potentiostat."""
        self.check(technique)
        collector = TraceCollector(columns(technique), on_trace, self.name)
        self._runner.run(script(technique, self._model), watch, collector.take, self._patience(technique))
        return collector.whole()

    def spectrum(self, technique: Impedance, watch: Watch, on_spectrum: OnSpectrum) -> Spectrum:
        """Measure a spectrum; see Potentiostat."""
        self.check(technique)
        collector = SpectrumCollector(on_spectrum)
        self._runner.run(script(technique, self._model), watch, collector.take, self._patience(technique))
        return collector.whole()

    def _patience(self, technique: Dc | Impedance) -> float:
        """Return the longest silence (s) of a technique that runs as it should."""
        match technique:
            case LinearSweep() | CyclicSweep():
                gap = technique.step / technique.rate
            case Impedance():
                gap = REST_TIME + PERIODS / technique.lowest
            case ConstantCurrent() | ConstantVoltage() | OpenCircuit():
                gap = technique.interval
        return self.settings.timeout + 2 * gap

    def rest_voltage(self) -> float:
        """Read the open-circuit voltage once (V)."""
        trace = self.measure(OpenCircuit(duration=REST_TIME, interval=REST_TIME), lambda: None, lambda trace: None)
        return float(trace.voltage[-1])

    def temperature(self) -> float:
        """Read the cell's thermometer (K), NaN where there is none."""
        if not self.settings.thermometer:
            return math.nan
        packages: list[list[Variable]] = []
        self._runner.run(
            temperature_script("as"),
            lambda: None,
            lambda lines: packages.extend(_packages(lines)),
            self.settings.timeout,
        )
        if not packages:
            raise GarbledAnswer(f"{self.name} did not send its thermometer's voltage")
        return packages[-1][0].value / self.settings.thermometer + CELSIUS

    # --- switching off

    def off(self) -> None:
        """Tell a running script to end, at once: it switches the cell off. `confirm_off` makes sure."""
        self._runner.stop()

    def confirm_off(self) -> None:
        """Switch the cell off by a script of its own and return when the device has done it. Raises InstrumentError."""

        def switch(again: float | None) -> None:
            if again is not None:
                self._runner.out_of_step()
                self.adapter.reopen()
            with self.adapter.seize(CONFIRM_TIMEOUT):
                self._runner.cell_off()

        attempt(Operation.MAKE_SAFE, f"switching off the cell at the {self.name}", switch)


def _packages(lines: list[str]) -> list[list[Variable]]:
    return [parse_package(line) for line in lines if line.startswith("P")]


def _ended(word: str, device: str) -> Ended:
    try:
        return Ended(word)
    except ValueError:
        raise GarbledAnswer(f"{device} says '{word:.40}' where it says why a measurement ended") from None


class TraceCollector:
    """Gathers the samples of one technique. Raises InstrumentError when readings stay beyond their range."""

    def __init__(self, names: tuple[str, ...], on_trace: OnTrace, device: str) -> None:
        self._names = names
        self._on_trace = on_trace
        self._device = device
        self._rows: list[tuple[float, float, float]] = []
        self._ended = Ended.COMPLETED
        self._overloads = 0

    def take(self, lines: list[str]) -> None:
        """Take lines of a script's output."""
        begun = len(self._rows)
        for line in lines:
            if line.startswith("P"):
                self._add(parse_package(line))
            elif line.startswith("T"):
                self._ended = _ended(line[1:], self._device)
        if len(self._rows) > begun:
            self._on_trace(self._trace(self._rows[begun:]))

    def _add(self, variables: list[Variable]) -> None:
        if len(variables) != len(self._names):
            raise GarbledAnswer(f"{self._device} sends packages of {len(variables)} values, not {len(self._names)}")
        values = [variable.value for variable in variables]
        overload = any(variable.status & OVERLOAD for variable in variables)
        self._rows.append((values[0], values[1], values[2] if len(values) > 2 else 0.0))
        self._overloads = self._overloads + 1 if overload else 0
        if self._overloads > BEARABLE:
            raise InstrumentError(
                f"{self._device}: overload for {self._overloads} readings in a row: the cell draws more current, or stands "
                f"at more voltage, than can be read; the cell was switched off"
            )

    def whole(self) -> Trace:
        """Return everything that came."""
        return self._trace(self._rows)

    def _trace(self, rows: list[tuple[float, float, float]]) -> Trace:
        values = np.array(rows, dtype=np.float64).reshape(-1, 3)
        return Trace(time=values[:, 0], voltage=values[:, 1], current=values[:, 2], ended=self._ended)


class SpectrumCollector:
    """Gathers the points of one spectrum; the first package holds the voltage it is measured around."""

    def __init__(self, on_spectrum: OnSpectrum) -> None:
        self._on_spectrum = on_spectrum
        self._voltage = math.nan
        self._points: list[tuple[float, complex, bool]] = []

    def take(self, lines: list[str]) -> None:
        """Take lines of a script's output."""
        for variables in _packages(lines):
            if len(variables) == 1:
                self._voltage = variables[0].value
            elif len(variables) != 3:
                raise GarbledAnswer(f"EmStat4 sends packages of {len(variables)} values in a spectrum, not 3")
            else:
                frequency, real, imaginary = variables
                overload = bool((real.status | imaginary.status) & OVERLOAD)
                self._points.append((frequency.value, complex(real.value, imaginary.value), overload))
        if self._points:
            self._on_spectrum(self.whole())

    def whole(self) -> Spectrum:
        """Return everything that came."""
        return Spectrum(
            frequency=np.array([point[0] for point in self._points], dtype=np.float64),
            impedance=np.array([point[1] for point in self._points], dtype=np.complex128),
            overload=np.array([point[2] for point in self._points], dtype=np.bool_),
            voltage=self._voltage,
        )


def open_potentiostat(resource: str, options: BaseModel) -> Potentiostat:
    """Connect, end whatever runs, switch the cell off, identify. Raises Unreachable."""
    assert isinstance(options, Options)
    serial = {"baud_rate": options.baud_rate, "flow_control": _FLOW[options.flow_control]}
    link = Link(resource, name="EmStat4", timeout=options.timeout, **serial)
    device = EmStat4(link, options)
    try:
        device.confirm_off()
        device.identify()
    except BaseException as error:
        device.close()
        if isinstance(error, InstrumentTimeout | LinkLost | GarbledAnswer):
            raise Unreachable(
                f"no EmStat4 answers at {resource}: {error}; check the port, and that no other program (PSTrace) holds it"
            ) from None
        if isinstance(error, Unreachable):
            raise Unreachable(f"{resource}: {error}") from None
        raise
    return device


DRIVER = Driver(
    name="emstat4",
    role="potentiostat",
    summary="PalmSens EmStat4 LR, HR and Nexus (MethodSCRIPT over serial): DC techniques with on-device cut-offs, impedance",
    options=Options,
    open=open_potentiostat,
)
