"""Good inputs for every parser, to be broken: bench and tip files, records, a run, commands and replies."""

import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from nanoprobe.geometry import Frame
from nanoprobe.records import (
    CheckDone,
    FrameBegin,
    FrameLine,
    Note,
    PointBegin,
    PointLayout,
    RampDone,
    Samples,
)
from nanoprobe.roles import ScanLine, ScanPlan
from nanoprobe.storage import Finished, Record, Resumed, RunHeader, RunWriter
from nanoprobe.storage.kinds import encode
from nanoprobe.storage.traffic import TrafficWriter
from nanoprobe.tip_record import TipCheck, TipRecord

BENCH = b"""[bench]
name = "lab 3"
simulated = true
[bench.wiring]
bias_source = "source_meter"
bias_applied_to = "sample"
current_reading = "both"
series_resistance = 1e+07
[limits]
bias = 10.0
current = 1e-6
[tip]
identity = "tip A"
radius = 25e-9
[atmosphere]
oxygen = { channel = "oxygen", per_volt = 1e-6, limit = 5e-6 }
[instruments.source_meter]
driver = "keithley2450"
resource = "TCPIP0::127.0.0.1::37345::SOCKET"
poll_interval = 0
[instruments.probe]
driver = "nanonis"
resource = "TCPIP0::127.0.0.1::37749::SOCKET"
abort_resource = "TCPIP0::127.0.0.1::35385::SOCKET"
deflection_sensitivity = 5e-08
spring_constant = 40
channels = { oxygen = "Input 3" }
"""
PLAN = b"""procedure = "trigger-map"
bench = "demo"
sample = "LLZO 7"
[parameters]
nx = 3
pitch = "1 um"
trip_current = 1e-9
points = [[0, 0], [1e-6, 2e-6]]
"""
ASSIGNMENTS = (b"trip_current=1 nA", b"nx=12", b"points=0,0; 1e-6,2e-6", b"order=shuffled", b"rate=0.5 V/s")
PLACES = (b"0,0; 1e-6,2e-6", b"[[0, 0], [1e-6, 2e-6]]")
FAULTS = (
    b"source_meter:hang@command=12,for=0",
    b"probe:delay=0.5@match=Scan.Action,for=3,seed=2",
    b"probe:snap-off@time=3",
)
LOGGED_CHANNELS, LOGGED_OVERSAMPLING = 2, 20
LOGGER_STREAM = b"".join(
    struct.pack(">IfQH2f", LOGGED_CHANNELS, LOGGED_OVERSAMPLING, count, 4 if count else 2, 1e-12 * count, -0.5)
    for count in range(8)
)
TIP = "tip A"


def tip_file() -> bytes:
    """Return the record of a tip as it is kept."""
    return TipRecord(identity=TIP, checks=(TipCheck(when="", adhesion=2e-8),)).model_dump_json().encode()


def header() -> RunHeader:
    """Return what a small run says about itself."""
    empty = {name: {} for name in ("parameters", "plan", "bench", "identities", "versions", "tip")}
    texts = dict.fromkeys(("plan_sha256", "sample", "operator", "sign_convention", "started"), "")
    return RunHeader(procedure="trigger-map", simulated=True, **empty, **texts)


LAYOUT = PointLayout(np.arange(3) * 1e-6, np.zeros(3), 4)
_SCAN = ScanPlan(
    frame=Frame(x=0, y=0, width=1e-6, height=1e-6), pixels=4, lines=2, line_time=1.0, channels=("current",)
)
FRAME = FrameBegin(0, _SCAN, {"current": "A"})


def records() -> list[Record]:
    """Return one record of each kind that a run can hold after its header, layout and frame."""
    series = {name: np.arange(4.0) for name in ("time", "bias", "bias_source", "current")}
    return [
        PointBegin(index=0, x=0.0, y=0.0),
        Samples(point=0, **series),
        RampDone(point=0, **series, values={"charge": 1e-12, "triggered": 1.0}, way="host"),
        FrameLine(0, ScanLine(1, {"current": np.ones((2, 4), np.float32)})),
        CheckDone(True, {"force": 5e-8}),
        Note("a note"),
        Resumed(),
        LAYOUT,
        FRAME,
        header(),
        Finished("aborted", "by hand"),
    ]


def payloads() -> tuple[bytes, ...]:
    """Return the bytes of `records`."""
    return tuple(encode(record, 0.0) for record in records())


@contextmanager
def run(path: Path, sealed: bool) -> Iterator[Path]:
    """Make a small run at `path`, sealed or as a crash leaves it."""
    with RunWriter.create(path, header(), flush_after=0.0) as writer:
        for record in (LAYOUT, FRAME, *records()[:6]):
            writer.record(record)
        if sealed:
            writer.finish("finished")
    yield path


RECIPE = b"""recipe = "two"
sample = "LLZO 7"
bench = "demo"
[[step]]
name = "check"
procedure = "contact-check"
[[step]]
name = "map"
procedure = "trigger-map"
[step.parameters]
nx = 3
"""


def recording() -> bytes:
    """Return a file of wire traffic with one block."""
    with TemporaryDirectory() as folder:
        writer = TrafficWriter(Path(folder) / "0.wire")
        writer.append(b"some traffic " * 20)
        writer.append(bytes(1000))
        writer.close()
        return (Path(folder) / "0.wire").read_bytes()


# --- the wires

SCPI_LINES = (
    b":SOUR:FUNC VOLT;:SENS:FUNC \"CURR\";:SENS:CURR:RANG 1e-6;:SOUR:VOLT:ILIM 1e-6\n",
    b':TRAC:MAKE "ramp",50;:SOUR:CONF:LIST:CRE "l";:SOUR:VOLT 1;:SOUR:CONF:LIST:STOR "l"\n',
    b':TRIG:LOAD "EMPTY";:TRIG:BLOC:BUFF:CLE 1,"defbuffer1";:TRIG:BLOC:SOUR:STAT 2,ON;:TRIG:BLOC:DEL:CONS 3,0.01\n',
    b':TRIG:BLOC:MEAS 4,"defbuffer1";:TRIG:BLOC:BRAN:LIM:CONS 5,OUT,-1e-9,1e-9,8,4;:TRIG:BLOC:BRAN:COUN 6,5,3;:INIT\n',
    b':READ? "defbuffer1",SOUR,READ,REL;:TRIG:STAT?;:TRAC:ACT? "defbuffer1";:OUTP?;*LANG?\n*IDN?\n',
    b":SOUR:SWE:VOLT:LIN 0,1,11,0.01,1,AUTO,ON,OFF,'defbuffer1';:INIT;*WAI;:TRAC:DATA? 1, 3, 'defbuffer1', SOUR, READ\n",
    b":FORM:DATA REAL;:FORM:BORD SWAP;:SYST:ERR?;:OUTP ON;:OUTP OFF;:ABOR;*CLS;*RST;*OPC?\n",
)  # fmt: skip
SCRIPT = b"""var t
var e
var i
set_pgstat_mode 6
set_range db 1m
set_i 0
cell_on
timer_start
meas_loop_cp e i 100u 1 5
  timer_get t
  pck_start
  pck_add t
  pck_add e
  pck_add i
  pck_end
  if i > 500n
    breakloop
  endif
endloop
on_finished:
  cell_off
"""
PACKAGES = (
    b"Peb80003E8m;ab8000000 ;ba7F85F3Fu,12,218\n",
    b"Peb80003E8m;ab     nan;ba8001F40p,10,203\nTcompleted\n*\n",
    b"Pda8000000 \nPdc80003E8 ;cc80003E8m;cd7F85F3Fu\n",
    b"!4001: Line 3, Col 1\n",
)
SCPI_ANSWERS = (
    b"1.0E+00,2.0E-09\n", b"1,2,3\n", b"IDLE;IDLE;16\n", b"30;0\n", b"0;SCPI\n", b"1\n", b'0,"No error;0;0 0"\n', b"SCPI\n",
    b"KEITHLEY INSTRUMENTS,MODEL 2450,1,1.7.12b\n", b'-222,"out of range;1;2026"\n', b"PROT20\n",
    b"#0" + struct.pack("<6d", 1, 2, 3, 4, 5, 6) + b"\n",
)  # fmt: skip


def frame(command: str, body: bytes, request: bool = True) -> bytes:
    """Return a Nanonis request or reply."""
    tail = struct.pack(">HH", 1, 0) if request else bytes(4)
    return command.encode().ljust(32, b"\0") + struct.pack(">i", len(body)) + tail + body


_INT, _NUMBERS = struct.pack(">i", 1), struct.pack(">iff", 2, 1.0, 2.0)
_TEXTS = struct.pack(">ii", 12, 2) + 2 * (struct.pack(">i", 11) + b"Current (A)")
_TABLE = struct.pack(">ii", 2, 2) + struct.pack(">4f", 1, 2, 3, 4)
NANONIS_REQUESTS = tuple(
    frame(command, body)
    for command, body in (
        ("Bias.Set", struct.pack(">f", 0.1)),
        ("Signals.ValsGet", struct.pack(">iiiI", 2, 0, 30, 1)),
        ("FolMe.XYPosSet", struct.pack(">ddI", 1e-8, 1e-8, 1)),
        ("Scan.BufferSet", struct.pack(">iiiii", 2, 0, 14, 16, 16)),
        ("Scan.PropsSet", struct.pack(">IIIiiii", 2, 2, 3, 0, 0, 4, 0)),
        ("Scan.Action", struct.pack(">HI", 0, 1)),
        ("BiasSpectr.ChsSet", struct.pack(">ii", 1, 0)),
        ("BiasSpectr.MLSValsSet", _INT + struct.pack(">5fiI", 0, 1, 0, 1e-3, 1e-3, 4, 0)),
        ("BiasSpectr.Start", struct.pack(">Ii", 1, 0)),
        ("ZCtrl.Withdraw", struct.pack(">Ii", 1, 500)),
        ("Util.VersionGet", b""),
        ("Scan.FrameDataGrab", struct.pack(">II", 0, 1)),
        ("UserOut.LimitsSet", struct.pack(">iff", 1, 1.0, -1.0)),
        ("TipRec.BufferSizeSet", struct.pack(">i", 100)),
    )
)
_GOOD_REPLIES = (
    struct.pack(">f", 0.1),
    _NUMBERS,
    _TEXTS + _INT,
    struct.pack(">i", 3) + b"abc" + _TABLE + _INT,
    struct.pack(">i", 17) + b"Nanonis SPM Contr" + struct.pack(">i", 9) + b"Generic 5" + _INT + _INT,
    _TEXTS + _TABLE + _NUMBERS,
    struct.pack(">dd", 1e-9, 2e-9),
)
NANONIS_REPLIES = (
    *(frame("Any", body + bytes(8), request=False) for body in _GOOD_REPLIES),
    frame("Any", struct.pack(">Ii", 1, 7) + b"refused", request=False),
)
