"""Programs written for the real instrument, over a real socket."""

import socket
import struct
from collections.abc import Iterator

import pytest
from pymeasure.instruments.keithley import Keithley2450


@pytest.fixture
def meter(serve_meter, resistor):
    return serve_meter(resistor(resistance=1e6))


@pytest.fixture
def keithley(meter) -> Iterator[Keithley2450]:
    instrument = Keithley2450(
        f"TCPIP0::127.0.0.1::{meter.port}::SOCKET",
        visa_library="@py",
        read_termination="\n",
        write_termination="\n",
        timeout=3000,
    )
    yield instrument
    instrument.adapter.close()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("source_mode", "current"),
        ("source_voltage", 1.5),
        ("source_voltage_range", 20),
        ("source_voltage_delay", 0.25),
        ("source_voltage_delay_auto", True),
        ("source_current", 1e-9),
        ("source_current_range", 1e-6),
        ("source_current_delay", 0.5),
        ("source_current_delay_auto", False),
        ("compliance_current", 1e-6),
        ("compliance_voltage", 5),
        ("current_range", 1e-5),
        ("current_nplc", 0.1),
        ("voltage_range", 20),
        ("voltage_nplc", 2),
        ("resistance_range", 2e6),
        ("resistance_nplc", 5),
        ("wires", 4),
        ("buffer_points", 500),
        ("current_filter_type", "MOV"),
        ("current_filter_count", 20),
        ("voltage_filter_type", "REP"),
        ("voltage_filter_count", 30),
        ("current_output_off_state", "ZERO"),
        ("voltage_output_off_state", "HIMP"),
    ],
)
def test_pymeasure_properties_come_back_as_they_were_set(keithley, name: str, value) -> None:
    setattr(keithley, name, value)
    assert getattr(keithley, name) == value
    assert keithley.check_errors() == []


def test_pymeasure_sources_measures_ramps_and_shuts_down(keithley, meter, monkeypatch) -> None:
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    keithley.reset()
    keithley.use_rear_terminals()
    keithley.apply_voltage(voltage_range=2, compliance_current=1e-5)
    keithley.measure_current(nplc=0.1, current=1e-5, auto_range=False)
    keithley.enable_source()
    keithley.ramp_to_voltage(1.0, steps=5)
    assert keithley.source_enabled
    assert keithley.current == pytest.approx(1e-6)
    keithley.measure_voltage()
    assert keithley.voltage == pytest.approx(1.0)
    keithley.measure_resistance()
    assert keithley.resistance == pytest.approx(1e6)
    keithley.beep(440, 0.1)
    keithley.trigger()
    assert keithley.check_errors() == []
    keithley.shutdown()
    assert keithley.ask("OUTPUT?") == "0"
    assert meter.world.volts == 0
    assert not meter.sim.instrument.source.on


class Script:
    """A plain socket, as the maker's own examples use it."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=5)
        self.file = self.socket.makefile("rb")

    def write(self, line: str) -> None:
        self.socket.sendall(f"{line}\n".encode())

    def query(self, line: str) -> str:
        self.write(line)
        return self.file.readline().decode().rstrip()

    def numbers(self, line: str) -> list[float]:
        return [float(text) for text in self.query(line).split(",")]


@pytest.fixture
def script(meter) -> Iterator[Script]:
    script = Script(meter.port)
    yield script
    script.file.close()
    script.socket.close()


def test_on_instrument_sweep_answers_only_when_it_has_ended(script) -> None:
    script.write(":SOUR:VOLT:ILIM 1e-3")
    script.write(":SOURce:SWEep:voltage:LINear 0,1,11,0.01,1,AUTO,ON,OFF,'defbuffer1'")
    script.write(":INITiate")
    script.write("*WAI")
    assert script.numbers(":TRACe:DATA? 1, 11, 'defbuffer1'") == pytest.approx([i * 1e-7 for i in range(11)])
    assert script.query(":SYSTem:ERRor:NEXT?").startswith("0,")


def test_named_buffer_driver_reads_its_elements(script) -> None:
    """The way QCoDeS' driver talks: a language check, quoted long forms, empty style, user delays, `:MEAS?`."""
    assert script.query("*LANG?") == "SCPI"
    assert script.query("SENS:FUNC?") == '"CURR:DC"'
    assert script.query(":ROUTe:TERMinals?") == "FRON"
    script.write(":TRACe:MAKE 'my_buffer', 100, ")
    script.write("SENS:FUNC 'CURR'")
    script.write(":SENSe:current:RANGe:AUTO 1")
    script.write(":SENSe:current:DELay:USER1 0.01")
    script.write(":SOURce:voltage:DELay:USER2 0.02")
    assert float(script.query(":SOURce:voltage:DELay:USER2?")) == 0.02
    assert script.query("SOUR:voltage:ILIM:TRIPped?") == "0"
    script.write("SOUR:voltage 1")
    script.write("OUTP ON")
    assert float(script.query(":MEASure? 'my_buffer'")) == pytest.approx(1e-6)
    script.write(":TRACe:TRIGger 'my_buffer'")
    row = script.query(":TRACe:DATA? 1, 2, 'my_buffer', RELative,READING,SOURUNIT,TSTamp").split(",")
    assert row[2] == "Volt DC"
    assert float(row[5]) == pytest.approx(1e-6)
    assert script.query(":FETCh? 'my_buffer', SOURce,UNIT") == "1.000000E+00,Amp DC"
    script.write(":TRACe:DELete 'my_buffer'")
    assert script.query(":SYSTem:ERRor:COUNt?") == "0"


def test_makers_example_reads_resistance_in_a_simple_loop(script) -> None:
    for line in (
        "*RST",
        'TRIG:LOAD "SimpleLoop", 20',
        'SENS:FUNC "RES"',
        "SENS:RES:RANG:AUTO ON",
        "SENS:RES:OCOM ON",
        "SENS:RES:RSEN ON",
        "DISP:SCR SWIPE_GRAPh",
        "SOUR:VOLT 1",
        "OUTP ON",
        "INIT",
        "*WAI",
    ):
        script.write(line)
    assert script.numbers('TRAC:DATA? 1, 10, "defbuffer1", READ, REL')[::2] == pytest.approx([1e6] * 10)
    assert len(script.numbers('TRAC:DATA? 11, 20, "defbuffer1", READ, REL')) == 20
    script.write("OUTP OFF")
    assert script.query(":SYST:ERR:COUN?") == "0"


def test_binary_block_ends_with_a_line_end(script) -> None:
    script.write(":SOUR:VOLT 1;:OUTP ON;:FORM:DATA REAL;:TRAC:TRIG")
    script.write(":TRAC:DATA? 1,1,'defbuffer1',SOUR,READ")
    block = script.file.read(2 + 2 * 8 + 1)
    assert block[:2] == b"#0"
    assert block[-1:] == b"\n"
    assert struct.unpack("<2d", block[2:-1]) == pytest.approx((1, 1e-6))
