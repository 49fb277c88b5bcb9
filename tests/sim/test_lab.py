"""The lab as a whole: its ports, its bench file, its second clients."""

import socket
import tomllib

from nanoprobe.benchfile import read_bench_file
from sim_instruments.bench_file import may_write


def test_the_bench_file_reaches_every_port(lab):
    bench = read_bench_file(lab.bench_file)
    assert bench.bench.simulated
    ports = [*lab.lab.ports, lab.lab.stream_port]
    assert len(set(ports)) == 6
    for port in ports:
        with socket.create_connection(("127.0.0.1", port), timeout=10):
            pass


def test_the_bench_file_of_an_earlier_lab_may_be_replaced(lab):
    assert may_write(lab.bench_file)


def test_a_lab_at_pace_0_tells_drivers_not_to_wait_between_polls(lab):
    text = tomllib.loads(lab.bench_file.read_text())
    assert text["instruments"]["source_meter"]["poll_interval"] == 0


def test_the_lever_is_the_same_for_the_world_and_the_controller(lab):
    assert lab.lab.world.settings.spring_constant == lab.lab.controller.settings.spring_constant
