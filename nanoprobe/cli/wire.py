"""`nanoprobe show RUN.zarr --wire`: what was said between app and instruments."""

import math

from nanoprobe import plugins
from nanoprobe.cli.console import say, tell
from nanoprobe.recording import recordings_of
from nanoprobe.recording.transcript import Line, Transcript
from nanoprobe.storage import Run


def print_wire(run: Run, instrument: str | None, since: float | None, until: float | None) -> None:
    """Print the traffic of a run, of one instrument or of a time only, and say what is missing."""
    events = list(zip(run.events["time"].values.astype("datetime64[ns]").astype(float) / 1e9, run.notes, strict=True))
    for recording in recordings_of(run.path):
        for line in Transcript(recording, plugins.dialect).lines(events):
            if _wanted(line, instrument, since, until):
                tell(f"{line.time:12.6f} s  {line.instrument:<22}{line.way} {line.text}")
        for trouble in recording.troubles:
            say(f"nanoprobe: {trouble}")


def _wanted(line: Line, instrument: str | None, since: float | None, until: float | None) -> bool:
    if instrument is not None and instrument.lower() not in f"{line.instrument} {line.role} run".lower():
        return False
    return (since if since is not None else -math.inf) <= line.time <= (until if until is not None else math.inf)
