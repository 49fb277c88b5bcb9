"""The app's side of the guard: a process beside the run that makes the bench safe when the app dies or hangs.

The guard holds no instrument. The run leases time from it before each wait, so that a long legal wait is told from a
hang; when the pipe to it breaks (the app died) or a lease runs out (the app hangs), it acts. See `guard_process`.
"""

import json
import logging
import math
import os
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import IO

from nanoprobe.benchfile import BenchFile
from nanoprobe.errors import NanoprobeError

_log = logging.getLogger(__name__)

LEASE = 20.0
"""Time (s) a run may be silent between two short waits: a command's timeout, a new connection and one repeated read."""
COMPUTING = 600.0
"""Time (s) a run asks for when it computes, or seals its data, with the output off: a busy computer takes long."""
ENDS = 10.0
"""Longest time (s) a dismissed guard may take to end."""
_RENEW = 1.0
"""A lease is told to the guard when it reaches this much (s) further than the last one: each message wakes a process."""


class Guard:
    """A guard process for as long as a bench is open. `ready` waits for it; `dismiss` ends it."""

    def __init__(self, description: BenchFile) -> None:
        self._until = math.inf
        command = [sys.executable, "-P", "-m", "nanoprobe.guard_process"]
        # Inheritable handles are passed on: a demo lab lives as long as somebody holds the handle to it.
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, close_fds=False, start_new_session=True
        )
        self._send(json.dumps({"bench": description.model_dump(mode="json"), "app": os.getpid()}))

    def ready(self) -> None:
        """Return when the guard can act. Raises NanoprobeError when it did not start."""
        assert self._process.stdout is not None
        if self._process.stdout.readline() != "ready\n":
            raise NanoprobeError("the guard process did not start: nothing was biased; look at its message above")

    def begin(self, run: Path) -> None:
        """Tell the guard which run is live; from now on leases count."""
        self._send(f"run {run.resolve()}")
        self.lease()

    def end(self) -> None:
        """Tell the guard that no run is live; no lease is needed until the next one."""
        self._until = math.inf
        self._say("idle")

    def lease(self, seconds: float = LEASE) -> None:
        """Take `seconds` of time for what comes next. Raises NanoprobeError when the guard has gone."""
        until = time.monotonic() + seconds
        if abs(until - self._until) >= _RENEW:
            self._send(f"lease {seconds:.3f}")
            self._until = until

    def dismiss(self) -> None:
        """Tell the guard that the bench is safe and it may go."""
        self._say("bye")
        _close(self._process.stdin)
        try:
            self._process.wait(ENDS)
        except subprocess.TimeoutExpired:
            _log.warning("the guard process does not end by itself; it was killed")
            self._process.kill()
        _close(self._process.stdout)  # not before: a guard that has just started still says that it is ready

    def _say(self, line: str) -> None:
        """Send what a guard that has gone need not know."""
        try:
            self._send(line)
        except NanoprobeError as error:
            _log.warning("%s", error)

    def _send(self, line: str) -> None:
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(line + "\n")
            self._process.stdin.flush()
        except OSError:
            raise NanoprobeError(
                "the guard process has gone: the run is not protected against a crash of this app and stops"
            ) from None


def _close(pipe: IO[str] | None) -> None:
    if pipe is not None:
        with suppress(OSError):  # what could not be sent to a dead guard goes with the pipe
            pipe.close()
