"""The run browser's model: listing, details, comparing, watching what another process writes."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gui.run_comparison import as_text, compare
from gui.run_index import details_of, look_at
from nanoprobe.records import POINT_VALUES, PointBegin, PointLayout, RampDone
from nanoprobe.storage import RunHeader, RunWriter

PLAN = {"procedure": "trigger-map", "parameters": {"nx": 2, "ny": 1}}


def header(**changes: Any) -> RunHeader:
    values: dict[str, Any] = {
        "procedure": "trigger-map",
        "parameters": {"nx": 2, "force": 5e-8, "points": [[0.0, 0.0]]},
        "plan": PLAN,
        "plan_sha256": "0",
        "bench": {},
        "simulated": True,
        "identities": {"source_meter": "ACME"},
        "versions": {"nanoprobe": "1"},
        "sample": "LLZO",
        "operator": "me",
        "tip": {"identity": "T1"},
        "sign_convention": "plating negative",
        "started": "2026-01-02T03:04:05.000+00:00",
    }
    return RunHeader(**{**values, **changes})


def begin(path: Path, points: int = 2, **changes: Any) -> RunWriter:
    path.parent.mkdir(parents=True, exist_ok=True)
    writer = RunWriter.create(path, header(**changes))
    writer.record(PointLayout(np.arange(points) * 1e-6, np.zeros(points), 4))
    return writer


def ramp(writer: RunWriter, point: int, volts: float = -2.0) -> None:
    writer.record(PointBegin(index=point, x=point * 1e-6, y=0.0))
    bias = np.linspace(0, volts, 4)
    values = {**dict.fromkeys(POINT_VALUES, float("nan")), "triggered": 1.0, "trigger_first_above": volts}
    writer.record(
        RampDone(
            point=point,
            time=np.arange(4.0),
            bias=bias,
            bias_source=-bias,
            current=bias * 1e-9,
            values=values,
            way="host",
        )
    )


def finished(path: Path, **changes: Any) -> Path:
    writer = begin(path, points=1, **changes)
    ramp(writer, 0)
    writer.finish("finished")
    return path


def looked(panels: Any) -> None:
    panels.until(lambda: not panels.runs._pending and all(entry.status != "..." for entry in panels.runs.entries))


def listed(panels: Any, count: int) -> None:
    panels.runs.refresh()
    panels.until(lambda: len(panels.runs.entries) == count)
    looked(panels)


def test_a_folder_that_is_not_there_has_no_runs(panels: Any, tmp_path: Path) -> None:
    panels.runs.set_folder(tmp_path / "nowhere")
    listed(panels, 0)
    assert panels.told == []


def test_runs_are_listed_with_what_they_are_and_a_wreck_is_named(panels: Any) -> None:
    finished(panels.runs_folder / "good.zarr")
    wreck = panels.runs_folder / "wreck.zarr"
    wreck.mkdir()
    (wreck / "zarr.json").write_text("{}")
    listed(panels, 2)
    entries = {entry.path.stem: entry for entry in panels.runs.entries}
    good = entries["good"]
    assert (good.status, good.procedure, good.sample, good.simulated) == ("finished", "trigger-map", "LLZO", True)
    assert good.size == "1 of 1 points"
    assert entries["wreck"].status == "unreadable"
    assert "is no run" in entries["wreck"].problem


def test_a_cut_off_run_is_interrupted_and_can_be_gone_on_with(panels: Any) -> None:
    path = panels.runs_folder / "cut.zarr"
    writer = begin(path)
    ramp(writer, 0)
    writer.finish("interrupted", "the app died")
    listed(panels, 1)
    panels.runs.select((path,))
    assert panels.runs.entries[0].resumable
    assert panels.runs.can_resume
    panels.runs.resume()
    assert panels.told[-1] == "cut.zarr cannot be resumed now: it needs an open bench on which nothing runs"


def test_a_finished_run_is_not_gone_on_with(panels: Any) -> None:
    path = finished(panels.runs_folder / "good.zarr")
    listed(panels, 1)
    panels.runs.select((path,))
    panels.runs.resume()
    assert panels.told[-1] == "choose one run that was interrupted, aborted or failed to go on with it"


def test_details_say_everything_a_run_says_of_itself(panels: Any) -> None:
    path = finished(panels.runs_folder / "good.zarr")
    details = details_of(path)
    sections = {title: dict(rows) for title, rows in details.sections}
    assert sections["Run"]["simulated"] == "yes: this is no real sample"
    assert sections["Parameters"] == {"nx": "2", "force": "50 nN", "points": "1 places"}
    assert sections["Results"]["median |trigger voltage|"] == "2 V"
    assert sections["Instruments"] == {"source_meter": "ACME"}
    assert details.plan.procedure == "trigger-map"


def test_two_runs_are_compared_differences_first(panels: Any) -> None:
    one = details_of(finished(panels.runs_folder / "one.zarr"))
    two = details_of(finished(panels.runs_folder / "two.zarr", parameters={"nx": 2, "force": 6e-8}))
    rows = compare([one, two])
    parameters = [row for row in rows if row.name in ("nx", "force", "points")]
    assert [(row.name, row.differs) for row in parameters] == [("force", True), ("points", True), ("nx", False)]
    assert parameters[0].values == ("50 nN", "60 nN")
    assert as_text([one, two], rows).splitlines()[0] == "\tone.zarr\ttwo.zarr"


def test_details_come_for_the_last_selection_alone(panels: Any) -> None:
    one, two = finished(panels.runs_folder / "one.zarr"), finished(panels.runs_folder / "two.zarr")
    listed(panels, 2)
    panels.runs.select((one,))
    panels.runs.select((one, two))
    panels.until(lambda: len(panels.runs.details) == 2)
    assert [run.path.stem for run in panels.runs.details] == ["one", "two"]


def test_a_run_that_is_being_written_is_watched_until_it_ends(panels: Any) -> None:
    path = panels.runs_folder / "live.zarr"
    writer = begin(path)
    grown: list[Path] = []
    panels.runs.grown.connect(grown.append)
    listed(panels, 1)
    panels.runs.open(path)
    panels.runs.select((path,))
    assert panels.runs.watched == (path,)
    ramp(writer, 0)
    panels.runs.tick()
    panels.until(lambda: grown == [path])
    panels.until(lambda: panels.runs.details and panels.runs.details[0].numbers["points done"] == "1 of 2")
    writer.finish("aborted", "enough")
    panels.runs.tick()
    panels.until(lambda: panels.runs.entries[0].status == "aborted")
    panels.runs.tick()
    assert panels.runs.watched == ()


def test_a_run_nothing_was_added_to_is_not_shown_again(panels: Any) -> None:
    path = panels.runs_folder / "live.zarr"
    writer = begin(path)
    grown: list[Path] = []
    panels.runs.grown.connect(grown.append)
    listed(panels, 1)
    panels.runs.open(path)
    panels.runs.tick()
    looked(panels)
    assert grown == []
    writer.finish("aborted", "enough")


def test_a_run_from_elsewhere_joins_the_list(panels: Any, tmp_path: Path) -> None:
    path = finished(tmp_path / "elsewhere.zarr")
    opened: list[Path] = []
    panels.runs.opened.connect(opened.append)
    panels.runs.open(path)
    looked(panels)
    assert opened == [path]
    listed(panels, 1)
    assert panels.runs.entries[0].status == "finished"


def test_what_the_operator_asks_of_a_selection_is_passed_on(panels: Any) -> None:
    one, two = finished(panels.runs_folder / "one.zarr"), finished(panels.runs_folder / "two.zarr")
    listed(panels, 2)
    asked: list[Any] = []
    for signal in (panels.runs.overlaid, panels.runs.export_wanted, panels.runs.report_wanted):
        signal.connect(asked.append)
    panels.runs.open(one)
    panels.runs.select((one, two))
    panels.runs.overlay()
    panels.runs.export()
    panels.runs.report()
    assert asked == [(two,), (one, two), (one, two)]


def test_a_run_that_has_ended_is_not_read_again(tmp_path: Path) -> None:
    entry = look_at(finished(tmp_path / "good.zarr"))
    assert look_at(entry.path, entry) is entry


def test_a_run_of_the_queue_appears_in_the_list_when_it_ends(lab_panels: Any) -> None:
    lab_panels.planned("contact-check")
    lab_panels.experiment.enqueue()
    lab_panels.ended()
    lab_panels.until(lambda: len(lab_panels.runs.entries) == 1 and lab_panels.runs.entries[0].status == "finished")


def test_the_plan_of_a_run_goes_back_into_the_form(panels: Any) -> None:
    path = finished(panels.runs_folder / "good.zarr")
    panels.runs.plan_wanted.connect(panels.experiment.show_plan)
    listed(panels, 1)
    panels.runs.select((path,))
    panels.until(lambda: panels.runs.details)
    panels.runs.reuse_plan()
    assert panels.experiment.draft.given == {"nx": 2, "ny": 1}


@pytest.mark.parametrize("status", ["aborted", "failed", "interrupted"])
def test_runs_that_did_not_finish_are_resumable(tmp_path: Path, status: str) -> None:
    writer = begin(tmp_path / "run.zarr")
    writer.finish(status, "why")
    assert look_at(tmp_path / "run.zarr").resumable
