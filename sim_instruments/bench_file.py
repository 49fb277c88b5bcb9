"""The bench file that reaches a running lab: written by rename, last, when every port answers."""

import errno
import os
import tempfile
from pathlib import Path

MARK = "# A simulated lab. It is gone when its process ends; its numbers are no measurement of any sample.\n"
"""The first line of every bench file of a simulated lab."""
TEMPLATE = """\
{mark}[bench]
name = "{name}"
simulated = true
record = true

[bench.wiring]
bias_source = "{bias_source}"
bias_applied_to = "{applied_to}"
current_reading = "{current_reading}"
series_resistance = {series_resistance:.6g}

[limits]
bias = 10.0
current = 1e-6
force = 1e-6
scan_range = 10e-6
slew_rate = 100.0
charge = 100e-9
cell_voltage = 6.0
cell_current = 10e-3

[tip]
identity = "simulated PtIr tip"
coating = "PtIr"
radius = 25e-9

[instruments.source_meter]
driver = "keithley2450"
resource = "TCPIP0::{host}::{source_meter}::SOCKET"
poll_interval = {source_meter_poll:.6g}{dead_socket}

# The controller's four ports begin at the first one named here.
[instruments.probe]
driver = "nanonis"
resource = "TCPIP0::{host}::{probe}::SOCKET"
abort_resource = "TCPIP0::{host}::{probe_abort}::SOCKET"
deflection_sensitivity = {deflection_sensitivity:.6g}
spring_constant = {spring_constant:.6g}
logger_port = {stream}
poll_interval = {probe_poll:.6g}

# A pellet of the same sample in a cell ({cell}), electrode area {cell_area:.3g} m2.
[instruments.potentiostat]
driver = "emstat4"
resource = "{potentiostat}"
thermometer = {thermometer:.6g}
"""


def may_write(path: Path) -> bool:
    """Say whether nothing is lost at `path`: it is free, or holds the bench file of an earlier simulated lab."""
    if not os.path.lexists(path):
        return True
    if not path.is_file():
        return False
    text = path.read_bytes()
    return text.startswith(MARK.encode()) and b"\nsimulated = true\n" in text


def write(path: Path, **values: object) -> None:
    """Write the bench file at `path` in one step: it is whole or not there."""
    if not path.parent.is_dir():
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(path.parent))
    handle, fresh = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(TEMPLATE.format(mark=MARK, **values))
    os.replace(fresh, path)
