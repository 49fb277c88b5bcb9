"""The recorder by itself: bounded, never in the way, and without secrets."""

import errno
import threading

import pytest

from nanoprobe.recording import Item, Kind, Recorder
from nanoprobe.recording.items import pack_items, unpack_items
from nanoprobe.recording.recording_file import Buffer
from nanoprobe.recording.secrets import secrets_in, without_secrets
from nanoprobe.storage.traffic import TrafficWriter

RESOURCE = "ASRLsocket://lab:hunter22@10.0.0.7:4001::INSTR"


def test_items_come_back_as_they_were():
    items = [Item(1.25, 3, Kind.SENT, b"\x00\xff"), Item(2.5, 0xFFFF, Kind.MARK, "µ".encode()), Item(3.0, 0, 4, b"")]
    assert list(unpack_items(pack_items(items))) == items


@pytest.mark.parametrize("cut", [1, 10, 16])
def test_a_block_cut_short_is_refused(cut):
    with pytest.raises(ValueError, match="cut short"):
        list(unpack_items(pack_items([Item(1.0, 0, 4, b"abc")])[:cut]))


def test_a_full_buffer_drops_what_comes_and_says_how_much():
    buffer = Buffer(most=100)
    for number in range(5):
        buffer.put(Item(float(number), 0, Kind.SENT, b"x" * 30))
    assert [item.time for item in buffer.take()] == [0.0, 1.0]
    buffer.put(Item(9.0, 0, Kind.SENT, b"y"))
    lost, after = buffer.take()
    assert (lost.kind, lost.text, after.content) == (Kind.LOST, "135", b"y")


@pytest.mark.parametrize(
    ("resource", "secrets"),
    [
        (RESOURCE, ["hunter22"]),
        ("ASRLrfc2217://host:7000?login=me&password=s3cret::INSTR", ["s3cret"]),
        ("TCPIP0::192.168.0.2::5025::SOCKET", []),
        ("ASRL/dev/ttyUSB0::INSTR", []),
    ],
)
def test_passwords_in_resource_strings_are_found_and_left_out(resource, secrets):
    assert secrets_in(resource) == secrets
    assert not any(secret in without_secrets(resource) for secret in secrets)


def test_a_password_does_not_land_in_names_nor_in_traffic(tmp_path, monkeypatch):
    kept = []
    monkeypatch.setattr("nanoprobe.recording.recorder.RecordingFile.put", lambda self, item: kept.append(item))
    recorder = Recorder()
    tap = recorder.of("potentiostat", "emstat4").tap("EmStat4", RESOURCE)
    tap.sent(b"login hunter22\n")
    tap.failed(f"{RESOURCE} does not answer")
    recorder.opened()
    recorder.prepare(used=False)
    recorder.begin(tmp_path)
    assert b"login ********\n" in [item.content for item in kept]
    assert not any(b"hunter22" in item.content for item in kept)


class FullDisk:
    def __init__(self, run):
        pass

    def append(self, block):
        raise OSError(errno.ENOSPC, "No space left on device")

    def close(self):
        pass

    @classmethod
    def of_run(cls, run):
        return cls(run)


def test_a_disk_that_is_full_ends_the_recording_and_nothing_else(tmp_path, monkeypatch, caplog):
    monkeypatch.setattr("nanoprobe.recording.recording_file.TrafficWriter", FullDisk)
    recorder = Recorder()
    tap = recorder.of("probe", "nanonis").tap("Nanonis", "TCPIP0::10.0.0.7::6501::SOCKET")
    recorder.opened()
    recorder.prepare(used=False)
    recorder.begin(tmp_path)
    tap.sent(b"abc")
    recorder.commit()
    tap.sent(b"def")
    assert "could not be written: No space left on device" in recorder.end()
    assert "the run goes on" in caplog.text


class StuckDisk(FullDisk):
    release = threading.Event()

    def append(self, block):
        self.release.wait(10)

    def sync(self):
        pass


def test_a_disk_that_hangs_does_not_hold_up_what_is_said(tmp_path, monkeypatch):
    monkeypatch.setattr("nanoprobe.recording.recording_file.TrafficWriter", StuckDisk)
    monkeypatch.setattr("nanoprobe.recording.recording_file.BUFFER_MOST", 10_000)
    monkeypatch.setattr("nanoprobe.recording.recording_file.BLOCK", 100)
    recorder = Recorder()
    tap = recorder.of("probe", "nanonis").tap("Nanonis", "TCPIP0::10.0.0.7::6501::SOCKET")
    recorder.prepare(used=False)
    recorder.begin(tmp_path)
    for _ in range(1000):
        tap.sent(b"x" * 100)
    StuckDisk.release.set()
    assert recorder.end() == ""


def test_traffic_files_are_numbered_in_the_order_they_were_made(recorded):
    from nanoprobe.storage.traffic import traffic_files

    path = recorded().path
    (path / "journal/records/staging").mkdir(parents=True)
    TrafficWriter.of_run(path).close()
    assert [file.name for file in traffic_files(path)] == ["0.wire", "1.wire"]
