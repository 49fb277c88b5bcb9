"""`nanoprobe show RUN.zarr --wire`: what was said between app and instruments."""

import math

from nanoprobe import plugins
from nanoprobe.cli.console import say, tell
from nanoprobe.errors import BadInput
from nanoprobe.recording import recordings_of
from nanoprobe.recording.transcript import Line, Transcript
from nanoprobe.storage import Run


def print_wire(run: Run, instrument: str | None, since: float | None, until: float | None) -> None:
    """Print the traffic of a run, of one instrument or of a time only, and say what is missing.

    Raises BadInput where the run has no recording, or none of that instrument.
    """
    events = list(zip(run.events["time"].values.astype("datetime64[ns]").astype(float) / 1e9, run.notes, strict=True))
    first, last = -math.inf if since is None else since, math.inf if until is None else until
    roles, found = set(), False
    for recording in recordings_of(run.path):
        for line in Transcript(recording, plugins.dialect).lines(events):
            roles.add(line.role)
            wanted = instrument is None or _is(line, instrument)
            found = found or wanted
            if wanted and first <= line.time <= last:
                tell(f"{line.time:12.6f} s  {line.instrument:<22}{line.way} {line.text}")
        for trouble in recording.troubles:
            say(f"nanoprobe: {trouble}")
    if not found and instrument is not None:
        raise BadInput(f"the recording has no instrument '{instrument}'; there are: {', '.join(sorted(roles))}")


def _is(line: Line, instrument: str) -> bool:
    return instrument.lower() in f"{line.instrument} {line.role} run".lower()
