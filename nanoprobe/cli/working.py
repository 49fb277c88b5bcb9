"""What is being done and the time left, for what takes more than a moment."""

import math
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.progress import BarColumn, Progress, ProgressColumn, SpinnerColumn, Task, TextColumn, TimeRemainingColumn
from rich.text import Text

from nanoprobe.cli.console import err
from nanoprobe.units import duration

if TYPE_CHECKING:
    from nanoprobe.physics.forecast import Step


@contextmanager
def working(title: str) -> Iterator[Callable[[float], None]]:
    """Yield what takes the share done (0..1) and shows it with the time left, on a terminal's standard error."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=err, disable=not sys.stderr.isatty()) as bar:
        task = bar.add_task(title, total=1.0)
        yield lambda share: bar.update(task, completed=share)


class _Countdown(ProgressColumn):
    def render(self, task: Task) -> Text:
        """Show the time until the end that is expected."""
        until = task.fields.get("until", math.nan)
        left = max(0.0, until - time.monotonic())
        text = f"about {duration(left)} left" if left else "soon done"
        return Text("" if math.isnan(until) else text, style="cyan")


@contextmanager
def solving(title: str) -> Iterator[Callable[["Step"], None]]:
    """Yield what takes each step of a case, and shows it with the time left until it is done, on a terminal's standard error."""
    columns = (SpinnerColumn(), TextColumn("{task.description}"), _Countdown())
    with Progress(*columns, console=err, disable=not sys.stderr.isatty(), transient=True) as shown:
        task = shown.add_task(f"{title}: first mesh")

        def watch(step: "Step") -> None:
            error = (
                "" if math.isnan(step.mesh.estimated_error) else f", estimated error {step.mesh.estimated_error:.1g}"
            )
            done = f"{title}: mesh {step.count + 1}, after {step.mesh.dofs:,} unknowns{error}"
            shown.update(task, description=done, until=time.monotonic() + step.left)

        yield watch
