"""The same seed and the same commands give the same data, bit for bit, whoever else looks on."""

import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
import xarray as xr

from nanoprobe import Plan
from nanoprobe.engine import execute
from nanoprobe.events import Events, RunStarted

SMALL = {
    "nx": 3,
    "ny": 2,
    "image_every": 3,
    "image_pixels": 32,
    "min_confidence": 0.0,
    "check_every": 3,
    "map_first": True,
    "map_pixels": 32,
}
GROUPS = ("points", "ramps", "checks", "frames/0", "frames/1", "frames/2")
WALL_CLOCK = {("checks", "time")}
"""When a record was written, by the computer's own clock: no two runs share it."""


def ask_source_meter(link: socket.socket) -> None:
    link.sendall(b'*IDN?\n:TRAC:ACT? "defbuffer1"\n:SOUR:VOLT?\n')
    answer = b""
    while answer.count(b"\n") < 3:
        answer += link.recv(4096)


def ask_controller(link: socket.socket) -> None:
    for name in (b"Bias.Get", b"FolMe.SpeedGet", b"Current.Get"):
        link.sendall(name.ljust(32, b"\0") + struct.pack(">IHH", 0, 1, 0))
        head = link.recv(40, socket.MSG_WAITALL)
        link.recv(struct.unpack(">I", head[32:36])[0], socket.MSG_WAITALL)


@contextmanager
def polled(port: int, ask: Callable[[socket.socket], None], begin: threading.Event) -> Iterator[list[int]]:
    """Let a second client ask again and again from `begin` to the end of the block; yields how often it did."""
    done, asked = threading.Event(), [0]

    def poll() -> None:
        begin.wait(30)
        with socket.create_connection(("127.0.0.1", port), 10) as link:
            link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            while not done.is_set():
                ask(link)
                asked[0] += 1
                done.wait(0.002)

    thread = threading.Thread(target=poll)
    thread.start()
    try:
        yield asked
    finally:
        done.set()
        thread.join(10)
        assert not thread.is_alive()


def measured(lab, out, begun: threading.Event | None = None) -> dict[tuple[str, str], bytes]:
    """Return every array of a run's groups as bytes; `begun` is set when the app holds its instruments."""
    events = Events()
    events.event.connect(lambda event: begun.set() if begun and isinstance(event, RunStarted) else None)
    outcome = execute(Plan(procedure="trigger-map", bench=str(lab.bench_file), parameters=SMALL), out, events)
    assert outcome.status == "finished", outcome.error
    found = {}
    for group in GROUPS:
        with xr.open_zarr(out, group=group, decode_cf=False) as dataset:
            for name, array in dataset.variables.items():
                values = array.to_numpy()
                found[group, str(name)] = (
                    values.tobytes() if values.dtype.kind != "T" else repr(values.tolist()).encode()
                )
    return {key: value for key, value in found.items() if key not in WALL_CLOCK}


@pytest.fixture
def reference(lab_starter, tmp_path):
    return measured(lab_starter(seed=5), tmp_path / "reference.zarr")


def differing(one, other) -> list[tuple[str, str]]:
    assert one.keys() == other.keys()
    return [key for key in one if one[key] != other[key]]


@pytest.mark.timeout(120)
def test_a_second_run_is_the_same_and_another_seed_is_not(reference, lab_starter, tmp_path):
    assert differing(reference, measured(lab_starter(seed=5), tmp_path / "again.zarr")) == []
    other = measured(lab_starter(seed=6), tmp_path / "other.zarr")
    assert {("ramps", "current"), ("frames/0", "height"), ("points", "charge")} <= set(differing(reference, other))


@pytest.mark.timeout(120)
def test_polling_clients_on_both_instruments_change_nothing(reference, lab_starter, tmp_path):
    lab = lab_starter(seed=5)
    source_meter, controller = lab.lab.ports[0], lab.lab.ports[3]
    begun = threading.Event()
    with polled(source_meter, ask_source_meter, begun) as one, polled(controller, ask_controller, begun) as two:
        found = measured(lab, tmp_path / "watched.zarr", begun)
    assert min(one[0], two[0]) > 20
    assert differing(reference, found) == []
