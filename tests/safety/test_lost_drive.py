"""A drive that goes away, or turns read-only, in the middle of a map: real file systems on a loop device, really lost."""

import fcntl
import os
import shutil
import struct
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from nanoprobe import Plan, open_run
from nanoprobe.engine import execute, resume
from nanoprobe.errors import StorageError
from nanoprobe.events import Events, Recorded
from nanoprobe.records import PointBegin

SHUT_DOWN = 0x8004587D
"""EXT4_IOC_SHUTDOWN: from now on every access fails with an input/output error, as on a drive that was pulled."""
WITHOUT_LOG = struct.pack("I", 2)
MAP = {"nx": 6, "ny": 1, "image_every": 0, "check_every": 0}


def run_tool(*words: str | Path) -> bool:
    return subprocess.run(words, capture_output=True).returncode == 0


class Drive:
    """An ext4 file system of its own at `place`."""

    def __init__(self, folder: Path) -> None:
        self.image, self.place = folder / "drive.img", folder / "drive"
        self.place.mkdir()
        with self.image.open("wb") as file:
            file.truncate(64 << 20)

    def plug(self) -> bool:
        return run_tool("mount", "-o", "loop", self.image, self.place)

    def pull(self) -> None:
        descriptor = os.open(self.place, os.O_RDONLY)
        fcntl.ioctl(descriptor, SHUT_DOWN, WITHOUT_LOG)
        os.close(descriptor)

    def turn_read_only(self) -> None:
        """What Linux does with a drive that reports errors."""
        assert run_tool("mount", "-o", "remount,abort", self.place)

    def unplug(self) -> bool:
        return run_tool("umount", self.place)


@pytest.fixture
def drive(tmp_path: Path) -> Iterator[Drive]:
    if not all(map(shutil.which, ("mkfs.ext4", "mount", "umount"))):
        pytest.skip("no tools here to make a file system")
    drive = Drive(tmp_path)
    if not (run_tool("mkfs.ext4", "-q", "-F", drive.image) and drive.plug()):
        pytest.skip("file systems may not be mounted here: it takes root and loop devices")
    yield drive
    drive.unplug()


@pytest.mark.parametrize("loss", [Drive.pull, Drive.turn_read_only], ids=["goes away", "turns read-only"])
def test_a_lost_drive_ends_the_map_safely_and_what_was_committed_is_there_when_it_is_back(lab, drive, tmp_path, loss):
    out, events, begun = drive.place / "run.zarr", Events(), []

    def lose(event: object) -> None:
        if isinstance(event, Recorded) and isinstance(event.record, PointBegin):
            begun.append(event.record.index)
            if event.record.index == 4:
                loss(drive)

    events.event.connect(lose)
    plan = Plan(procedure="trigger-map", bench=str(lab.bench_file), parameters=MAP)
    outcome = execute(plan, out, events)
    assert outcome.status == "failed"
    assert isinstance(outcome.error, StorageError)
    assert "Safe on disk are 4 points and 0 image lines committed before" in str(outcome.error)
    assert lab.lab.log.unsafe == []
    assert begun == [0, 1, 2, 3, 4], "nothing was ramped after the drive had gone"

    assert drive.unplug()
    assert drive.plug()
    with open_run(out) as run:
        assert (run.status, run.points_committed) == ("interrupted", 4)
    begun.clear()
    assert resume(out, events, bench=str(lab.bench_file)).status == "finished"
    assert begun == [5], "point 4 was begun, and is not ramped again"
