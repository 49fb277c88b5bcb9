"""The session on the simulated lab: opened, run, stopped, resumed, refused, and left without a thread behind."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gui.desk import Desk
from gui.session_state import Message, Phase
from nanoprobe.errors import BadInput
from nanoprobe.events import MadeSafe, Progress, Recorded, RunEnded, RunStarted
from nanoprobe.plan import Plan
from nanoprobe.storage import open_run
from tests.gui.conftest import until

Lab = Callable[..., Any]
QUICK_MAP = {"pixels": 32, "line_rate": 2.0}
RAMPS = {"nx": 3, "ny": 1, "rate": 5.0, "image_every": 0, "check_every": 0, "pitch": 0.5e-6}


def opened(desk: Desk, lab_starter: Lab, **options: Any) -> Any:
    lab = lab_starter(**options)
    desk.session.open(str(lab.bench_file))
    until(lambda: desk.session.state.phase in (Phase.OPEN, Phase.FAILED), desk.session)
    assert desk.session.state.error == ""
    return lab


def finished(desk: Desk) -> None:
    until(lambda: desk.session.state.run is None and desk.session.state.last_run is not None, desk.session)


def test_an_open_bench_says_what_it_is(desk: Desk, lab_starter: Lab) -> None:
    opened(desk, lab_starter)
    state = desk.session.state
    assert state.ready
    assert state.simulated
    assert state.pace is None
    assert set(state.identities) == {"source_meter", "probe", "potentiostat"}


def test_a_queued_map_runs_and_its_events_arrive_in_order(desk: Desk, lab_starter: Lab, tmp_path: Path) -> None:
    opened(desk, lab_starter)
    seen: list[object] = []
    desk.session.events.event.connect(seen.append)
    desk.queue.add(Plan(procedure="current-map", parameters=QUICK_MAP), tmp_path / "a.zarr")
    finished(desk)
    assert desk.session.state.last_status == "finished"
    assert isinstance(seen[0], RunStarted)
    assert isinstance(seen[-1], RunEnded)
    assert any(isinstance(event, Progress) for event in seen)
    frame = desk.map.frame
    assert frame is not None
    assert frame.done.all()
    with open_run(tmp_path / "a.zarr") as run:
        stored = run.frames[0]["current"].values
    assert (frame.values["current"] == stored).all()


def test_two_plans_run_one_after_the_other(desk: Desk, lab_starter: Lab, tmp_path: Path) -> None:
    opened(desk, lab_starter)
    for name in ("a", "b"):
        desk.queue.add(Plan(procedure="current-map", parameters=QUICK_MAP), tmp_path / f"{name}.zarr")
    until(lambda: desk.session.state.last_run == tmp_path / "b.zarr", desk.session)
    assert [item.state for item in desk.queue.items] == ["finished", "finished"]


def test_a_plan_beyond_a_limit_is_refused_before_anything_is_made(
    desk: Desk, lab_starter: Lab, tmp_path: Path, told: list[Message]
) -> None:
    opened(desk, lab_starter)
    desk.queue.add(Plan(procedure="current-map", parameters={**QUICK_MAP, "x": 9e-6}), tmp_path / "a.zarr")
    finished(desk)
    assert desk.session.state.last_status == "refused"
    assert "is beyond the bench's limit of 10 µm" in told[-1].text
    assert not (tmp_path / "a.zarr").exists()


def test_abort_makes_safe_holds_the_queue_and_the_run_can_be_resumed(
    desk: Desk, lab_starter: Lab, tmp_path: Path
) -> None:
    lab = opened(desk, lab_starter)
    reports: list[MadeSafe] = []
    ramped: list[object] = []

    def follow(event: object) -> None:
        if isinstance(event, MadeSafe):
            reports.append(event)
        if isinstance(event, Recorded) and event.topic == "ramp":
            ramped.append(event)
            desk.session.abort()

    desk.session.events.event.connect(follow)
    plan = Plan(procedure="trigger-map", parameters={**RAMPS, "nx": 12})
    desk.queue.add(plan, tmp_path / "a.zarr")
    finished(desk)
    assert desk.session.state.last_status == "aborted"
    assert reports
    assert all(event.report.safe for event in reports)
    assert lab.call(lambda: lab.lab.source_meter.instrument.source.on) is False
    until(lambda: desk.session.state.ready, desk.session)
    before = len(ramped)
    desk.session.events.event.disconnect(follow)
    desk.session.resume_run(tmp_path / "a.zarr")
    until(lambda: desk.session.state.last_status == "finished", desk.session)
    with open_run(tmp_path / "a.zarr") as run:
        assert run.points_committed == 12
    assert before < 12


def test_stop_without_a_run_makes_safe_and_lets_go_of_the_interlock(
    desk: Desk, lab_starter: Lab, told: list[Message]
) -> None:
    opened(desk, lab_starter)
    desk.session.stop()
    until(lambda: any("tip withdrawn" in message.text for message in told), desk.session)
    until(lambda: desk.session.idle and desk.session.state.interlock == "", desk.session)
    assert desk.session.state.ready


def test_stop_without_a_bench_says_so(desk: Desk, told: list[Message]) -> None:
    desk.session.stop()
    until(lambda: told, desk.session)
    assert told[-1].text == "STOP: no bench is open, nothing to make safe"


def test_pause_holds_before_the_next_point_and_go_on_ends_it(desk: Desk, lab_starter: Lab, tmp_path: Path) -> None:
    opened(desk, lab_starter)
    desk.queue.add(Plan(procedure="trigger-map", parameters={**RAMPS, "nx": 8}), tmp_path / "a.zarr")
    until(lambda: desk.map.points.counts()["triggered"] >= 1, desk.session)
    desk.session.pause()
    assert desk.session.state.run is not None
    assert desk.session.state.run.paused
    desk.session.resume()
    finished(desk)
    assert desk.session.state.last_status == "finished"


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, "no such file, and no bench has that name"),
        ("[bench", "no valid TOML"),
        (
            '[bench]\nname = "x"\n[instruments.source_meter]\ndriver = "keithly2450"\nresource = "A"\n'
            '[instruments.probe]\ndriver = "nanonis"\nresource = "A"',
            "did you mean 'keithley2450'?",
        ),
    ],
    ids=["not there", "no TOML", "unknown driver"],
)
def test_a_bench_that_cannot_be_opened_says_why_and_the_app_lives(
    desk: Desk, tmp_path: Path, content: str | None, says: str, told: list[Message]
) -> None:
    place = tmp_path / "bench.toml"
    if content is not None:
        place.write_text(content)
    desk.session.open(str(place))
    until(lambda: desk.session.state.phase is Phase.FAILED, desk.session)
    assert says in desk.session.state.error or says in told[-1].text


def test_a_question_to_the_bench_is_answered_in_the_asking_thread(desk: Desk, lab_starter: Lab) -> None:
    opened(desk, lab_starter)
    answers: list[object] = []
    assert desk.session.ask(lambda bench: bench.probe.position(), answers.append, what="looking")
    assert desk.session.state.busy == "looking"
    until(lambda: answers, desk.session)
    assert desk.session.state.busy == ""


def test_a_question_that_fails_is_told_in_one_sentence(desk: Desk, lab_starter: Lab) -> None:
    opened(desk, lab_starter)
    problems: list[str] = []

    def refuse(bench: object) -> None:
        raise BadInput("not like this")

    desk.session.ask(refuse, failed=problems.append)
    until(lambda: problems, desk.session)
    assert problems == ["not like this"]


def test_nothing_is_asked_without_a_bench(desk: Desk) -> None:
    assert not desk.session.ask(lambda bench: None)


def test_leaving_during_a_run_ends_it_safely(desk: Desk, lab_starter: Lab, tmp_path: Path) -> None:
    lab = opened(desk, lab_starter)
    desk.queue.add(Plan(procedure="trigger-map", parameters={**RAMPS, "nx": 30}), tmp_path / "a.zarr")
    until(lambda: desk.map.points.counts()["triggered"] >= 1, desk.session)
    desk.session.shut()
    assert lab.call(lambda: lab.lab.source_meter.instrument.source.on) is False
    with open_run(tmp_path / "a.zarr") as run:
        assert run.status == "aborted"


def test_a_part_of_the_window_that_fails_is_told_and_the_rest_goes_on(desk: Desk, told: list[Message]) -> None:
    def broken() -> None:
        raise RuntimeError("a view broke")

    done: list[int] = []
    desk.session.mailbox.call(broken)
    desk.session.mailbox.call(lambda: done.append(1))
    desk.session.deliver()
    assert done == [1]
    assert told[-1].text == "a part of the window failed (a view broke); the run goes on and is stored"
