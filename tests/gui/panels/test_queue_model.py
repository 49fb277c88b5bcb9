"""The queue by itself: order, holding, what the session is given."""

from pathlib import Path

import pytest

from gui.queue_model import ItemState, QueueModel
from nanoprobe.errors import ContactLost
from nanoprobe.outcome import Outcome
from nanoprobe.plan import Plan

PLAN = Plan(procedure="contact-check")


@pytest.fixture
def queue() -> QueueModel:
    made = QueueModel()
    for name in "abc":
        made.add(PLAN, Path(f"{name}.zarr"), duration=10.0)
    return made


def names(queue: QueueModel) -> str:
    return "".join(item.out.stem for item in queue.items)


def test_plans_are_given_out_in_their_order(queue: QueueModel) -> None:
    first = queue.next()
    assert first is not None
    assert (first.out, first.state) == (Path("a.zarr"), ItemState.RUNNING)
    assert queue.running == first
    queue.done(first, Outcome(first.out, "finished", None))
    second = queue.next()
    assert second is not None
    assert second.out == Path("b.zarr")


def test_a_run_that_did_not_finish_holds_the_queue_and_says_why(queue: QueueModel) -> None:
    first = queue.next()
    assert first is not None
    queue.done(first, Outcome(first.out, "failed", ContactLost("the tip did not come down")))
    assert queue.next() is None
    assert queue.held == "held: a.zarr failed; look at it, then let the queue go on"
    assert queue.items[0].reason == "the tip did not come down"
    queue.release()
    assert queue.next() is not None


def test_waiting_plans_are_reordered_and_the_running_one_stays(queue: QueueModel) -> None:
    running = queue.next()
    assert running is not None
    keys = {item.out.stem: item.key for item in queue.items}
    queue.move(keys["c"], -1)
    assert names(queue) == "acb"
    queue.move(keys["c"], -5)
    assert names(queue) == "acb"
    queue.move(keys["a"], 1)
    assert names(queue) == "acb"


def test_the_running_plan_cannot_be_removed_the_others_can(queue: QueueModel) -> None:
    running = queue.next()
    assert running is not None
    for item in queue.items:
        queue.remove(item.key)
    assert names(queue) == "a"


def test_a_held_queue_gives_nothing_out(queue: QueueModel) -> None:
    queue.hold()
    assert queue.next() is None
    assert queue.held == "held by the operator"


def test_clearing_takes_out_what_has_ended_alone(queue: QueueModel) -> None:
    first = queue.next()
    assert first is not None
    queue.done(first, Outcome(first.out, "finished", None))
    queue.clear_ended()
    assert names(queue) == "bc"


def test_time_left_adds_up_what_waits(queue: QueueModel) -> None:
    assert queue.time_left == 30.0


def test_every_change_is_told(queue: QueueModel) -> None:
    changes = []
    queue.changed.connect(lambda: changes.append(names(queue)))
    item = queue.add(PLAN, Path("d.zarr"))
    queue.move(item.key, -1)
    queue.remove(item.key)
    assert changes == ["abcd", "abdc", "abc"]
