"""The recorder of an opened bench: hears every session, and writes what is said into the run that is on.

What a driver knows of its instrument it learnt while the bench was opened, so the traffic of the opening goes into every
run, in front of the run's own. What is said on an idle bench is not kept.
"""

import logging
import threading
import time
from pathlib import Path

from nanoprobe.recording import items
from nanoprobe.recording.items import NO_SESSION, Item, Kind, SessionInfo
from nanoprobe.recording.recording_file import Buffer, RecordingFile
from nanoprobe.recording.secrets import Masker, without_secrets
from nanoprobe.recording.tap import Tap

_log = logging.getLogger(__name__)

HELD_MOST = 1 << 22
"""Most traffic (bytes) kept in memory before a run begins; opening a bench makes some ten thousand."""


class Recorder:
    """Made when a bench is opened. `prepare`, `begin`, `end` belong to the thread that starts runs."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._masker = Masker()
        self._sessions: list[SessionInfo] = []
        self._opening = Buffer(HELD_MOST)
        self._held = Buffer(HELD_MOST)
        self._sink: Buffer | None = self._opening
        self._file: RecordingFile | None = None

    def of(self, role: str, driver: str) -> "_RoleTaps":
        """Return what taps the links of one instrument."""
        return _RoleTaps(self, role, driver)

    # --- the runs on this bench

    def opened(self) -> None:
        """The bench is open: what is said from now on belongs to no run yet."""
        self._listen(None)

    def prepare(self, used: bool) -> None:
        """A run is about to begin, on a bench `used` before or not: keep what is said from now on."""
        self._held = Buffer(HELD_MOST)
        self._listen(self._held)
        if used:
            self.mark(items.STARTS_AGAIN)

    def begin(self, run: Path) -> None:
        """Write into the run at `run` from now on; what was kept goes first. A disk that refuses ends the recording only."""
        file = RecordingFile(run)
        with self._lock:
            for number, session in enumerate(self._sessions):
                file.put(Item(time.monotonic(), number, Kind.SESSION, session.pack()))
            file.put(Item(time.monotonic(), NO_SESSION, Kind.MARK, f"{items.CLOCK}{time.time():.6f}".encode()))
            for item in (*self._opening.look(), *self._held.take()):
                file.put(item)
            self._file = self._sink = file
        file.start()

    def commit(self) -> None:
        """Return when everything said so far is written: called before a result that it led to is committed."""
        if self._file is not None:
            self._file.flush()

    def end(self) -> str:
        """End the recording of the run that is on. Returns what is missing in it, empty when it is whole."""
        if self._file is None:
            return ""
        self.mark(items.ENDS)
        self._listen(None)
        file, self._file = self._file, None
        file.close()
        return file.trouble

    def mark(self, text: str) -> None:
        """Write down something about the run between what is said."""
        self.note(NO_SESSION, Kind.MARK, text.encode())

    def _listen(self, sink: Buffer | None) -> None:
        with self._lock:
            self._sink = sink

    # --- the sessions

    def add(self, session: SessionInfo, resource: str) -> Tap:
        """Return the tap of a new session; `resource` is the string with its secrets."""
        self._masker.learn(resource)
        with self._lock:
            self._sessions.append(session)
            number = len(self._sessions) - 1
        self.note(number, Kind.SESSION, session.pack())
        return _RecordingTap(self, number)

    def note(self, session: int, kind: Kind, content: bytes = b"") -> float:
        """Keep one item, where anything is kept now; return the time (monotonic, s)."""
        if self._masker.secrets:
            content = self._masker.mask(content)
        with self._lock:
            now = time.monotonic()
            if self._sink is not None:
                self._sink.put(Item(now, session, kind, content))
        return now


class _RoleTaps:
    """Makes the taps of one role."""

    def __init__(self, recorder: Recorder, role: str, driver: str) -> None:
        self._recorder, self._role, self._driver = recorder, role, driver

    def tap(self, name: str, resource: str) -> Tap:
        """Return the tap of a link of this role."""
        return self._recorder.add(SessionInfo(self._role, self._driver, name, without_secrets(resource)), resource)


class _RecordingTap:
    """Hears one session for a recorder; see `Tap`."""

    def __init__(self, recorder: Recorder, number: int) -> None:
        self._note = recorder.note
        self._number = number

    def address(self, resource: str) -> str:
        return resource

    def opening(self) -> None:
        pass

    def opened(self) -> None:
        self._note(self._number, Kind.OPENED)

    def closed(self) -> None:
        self._note(self._number, Kind.CLOSED)

    def sent(self, content: bytes) -> float:
        return self._note(self._number, Kind.SENT, content)

    def received(self, content: bytes) -> float:
        return self._note(self._number, Kind.RECEIVED, content)

    def patience(self, seconds: float) -> float:
        return seconds

    def silent(self, seconds: float) -> float:
        return self._note(self._number, Kind.SILENT, f"{seconds:g}".encode())

    def timed_out(self, seconds: float) -> None:
        self._note(self._number, Kind.TIMED_OUT, f"{seconds:g}".encode())

    def failed(self, why: str) -> None:
        self._note(self._number, Kind.FAILED, without_secrets(why).encode())

    def rest(self, seconds: float) -> None:
        time.sleep(seconds)
