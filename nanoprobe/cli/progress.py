"""A run on the screen: a progress bar with the time left, what is noted, and signals turned into an abort."""

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from rich.progress import BarColumn, Progress, ProgressColumn, SpinnerColumn, Task, TextColumn
from rich.text import Text

from nanoprobe import events
from nanoprobe.cli.console import err, say
from nanoprobe.control import RunControl
from nanoprobe.records import CheckDone, Note, RampDone
from nanoprobe.units import duration, si


class _TimeLeft(ProgressColumn):
    def render(self, task: Task) -> Text:
        """Show the engine's own estimate."""
        left = task.fields.get("left", float("nan"))
        return Text(f"{duration(left)} left" if left == left else "", style="cyan")


@contextmanager
def watched(title: str) -> Iterator[tuple[events.Events, RunControl]]:
    """Yield the events and control of a run that is shown on standard error and stops on Ctrl-C and SIGTERM."""
    stream, control = events.Events(), RunControl()
    bar = Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %"),
        _TimeLeft(),
        TextColumn("{task.fields[last]}"),
        console=err,
        disable=not sys.stderr.isatty(),
        refresh_per_second=5,
    )
    with bar, _signals(control):
        task = bar.add_task(title, total=1.0, last="")
        stream.event.connect(lambda event: _show(bar, task, event))
        yield stream, control


def _show(bar: Progress, task: object, event: object) -> None:
    if isinstance(event, events.Progress):
        bar.update(task, completed=event.fraction, left=event.remaining)  # type: ignore[arg-type]
    elif isinstance(event, events.Recorded):
        text = _words(event.record)
        if text:
            bar.update(task, last=text)  # type: ignore[arg-type]
    elif isinstance(event, events.MadeSafe):
        say(str(event.report))


def _words(record: object) -> str:
    if isinstance(record, RampDone):
        found = record.values.get("triggered") == 1
        volts = si(record.values["trigger_first_above"], "V") if found else "none"
        return f"point {record.point}: trigger {volts}"
    if isinstance(record, CheckDone):
        return "contact good" if record.passed else f"contact refused: {record.reason}"
    return record.text if isinstance(record, Note) else ""


@contextmanager
def _signals(control: RunControl) -> Iterator[None]:
    def stop(number: int, frame: FrameType | None) -> None:
        control.abort(f"stopped by {signal.Signals(number).name}")

    wanted = [signal.SIGINT, signal.SIGTERM]
    before = {each: signal.signal(each, stop) for each in wanted}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
