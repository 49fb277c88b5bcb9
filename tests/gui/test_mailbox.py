"""What crosses from the run's thread: merged where newer replaces older, dropped oldest first when too much, never lost calls."""

import math
import threading
from pathlib import Path

import numpy as np
import pytest

from gui.mailbox import Call, Mailbox, Skipped
from nanoprobe.events import Progress, Recorded, RunEnded
from nanoprobe.records import FrameLine, Note, RampDone, Samples
from nanoprobe.roles import ScanLine


def samples(point: int, *times: float) -> Recorded:
    series = np.array(times)
    return Recorded(
        "samples", Samples(point=point, time=series, bias=-series, bias_source=series, current=series * 1e-12)
    )


def line(frame: int, index: int) -> Recorded:
    return Recorded("line", FrameLine(frame, ScanLine(index, {"current": np.zeros((2, 4), dtype=np.float32)})))


def ramp(point: int) -> Recorded:
    nothing = np.empty(0)
    done = RampDone(
        point=point, time=nothing, bias=nothing, bias_source=nothing, current=nothing, values={}, way="host"
    )
    return Recorded("ramp", done)


def drained(box: Mailbox) -> list[object]:
    found = []
    while (event := box.take()) is not None:
        found.append(event)
    return found


def test_of_many_progress_events_the_last_one_arrives() -> None:
    box = Mailbox()
    for percent in range(100):
        box.post(Progress(percent / 100, percent, math.nan))
    (only,) = drained(box)
    assert isinstance(only, Progress)
    assert only.fraction == 0.99


def test_samples_of_one_ramp_arrive_joined_and_in_order() -> None:
    box = Mailbox()
    for event in (samples(3, 0.0, 0.1), samples(3, 0.2), samples(3, 0.3)):
        box.post(event)
    (only,) = drained(box)
    assert isinstance(only, Recorded)
    assert isinstance(only.record, Samples)
    assert only.record.time.tolist() == [0.0, 0.1, 0.2, 0.3]
    assert only.record.bias.tolist() == [-0.0, -0.1, -0.2, -0.3]


def test_a_finished_ramp_makes_its_waiting_samples_needless() -> None:
    box = Mailbox()
    box.post(samples(1, 0.0))
    box.post(ramp(1))
    assert [event.topic for event in drained(box) if isinstance(event, Recorded)] == ["ramp"]


def test_a_line_taken_once_more_replaces_the_one_that_waits() -> None:
    box = Mailbox()
    for event in (line(0, 5), line(0, 6), line(0, 5), line(1, 5)):
        box.post(event)
    assert len(drained(box)) == 3


@pytest.mark.parametrize("topic", ["results", "batch results", "status"])
def test_topics_no_view_shows_do_not_wait(topic: str) -> None:
    box = Mailbox()
    box.post(Recorded(topic, {"point": 1}))
    assert len(box) == 0


def test_beyond_its_size_the_oldest_records_go_and_are_counted_but_no_call_and_no_end() -> None:
    box = Mailbox(most=10)
    box.call(lambda: None)
    for index in range(25):
        box.post(line(0, index))
    box.post(RunEnded(Path("a.zarr"), "finished", ""))
    found = drained(box)
    assert found[0] == Skipped(15)
    assert isinstance(found[1], Call)
    indices = [event.record.line.index for event in found if isinstance(event, Recorded)]
    assert indices == list(range(15, 25))
    assert isinstance(found[-1], RunEnded)


def test_what_stands_alone_keeps_its_order() -> None:
    box = Mailbox()
    notes = [Recorded("note", Note(str(number))) for number in range(5)]
    for note in notes:
        box.post(note)
    assert drained(box) == notes


def test_many_threads_post_while_one_takes_and_nothing_is_lost() -> None:
    box = Mailbox()
    threads = [
        threading.Thread(target=lambda n=n: [box.post(Recorded("note", Note(f"{n}/{i}"))) for i in range(200)])
        for n in range(4)
    ]
    for thread in threads:
        thread.start()
    found: list[object] = []
    while any(thread.is_alive() for thread in threads):
        found += drained(box)
    found += drained(box)
    assert len({event.record.text for event in found if isinstance(event, Recorded)}) == 800
