"""The log of the app: what the operator was told and what the code logged, the last few thousand lines. No Qt."""

import logging
from collections import deque
from dataclasses import dataclass
from datetime import datetime

from psygnal import Signal

from gui.mailbox import Mailbox
from gui.session_state import Level, Message

MOST_LINES = 5000
LEVELS: tuple[Level, ...] = ("info", "warning", "error")
_SYMBOLS = {"info": "·", "warning": "!", "error": "✖"}


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line. `at`: Unix time (s); `who`: where it comes from."""

    level: Level
    who: str
    text: str
    at: float

    def __str__(self) -> str:
        clock = datetime.fromtimestamp(self.at).strftime("%H:%M:%S")
        return f"{clock}  {_SYMBOLS[self.level]} {self.level:<7}  {self.who}: {self.text}"


class LogModel:
    """Lines and a filter. `added`: a line that passes it; `refiltered`: show `lines()` anew."""

    added = Signal(LogLine)
    refiltered = Signal()

    def __init__(self) -> None:
        self._lines: deque[LogLine] = deque(maxlen=MOST_LINES)
        self._least: Level = "info"
        self._words = ""

    def add(self, line: LogLine) -> None:
        """Take a line."""
        self._lines.append(line)
        if self._passes(line):
            self.added.emit(line)

    def tell(self, message: Message) -> None:
        """Take what the operator was told."""
        self.add(LogLine(message.level, "nanoprobe", message.text, message.at))

    def filter(self, least: Level, words: str) -> None:
        """Show lines of at least this level that hold `words` (any case)."""
        self._least, self._words = least, words.casefold()
        self.refiltered.emit()

    def lines(self) -> list[LogLine]:
        """Return the lines that pass the filter, oldest first."""
        return [line for line in self._lines if self._passes(line)]

    def _passes(self, line: LogLine) -> bool:
        loud_enough = LEVELS.index(line.level) >= LEVELS.index(self._least)
        return loud_enough and self._words in f"{line.who} {line.text}".casefold()


class LogHandler(logging.Handler):
    """Carries the code's log, from any thread, into the model."""

    def __init__(self, mailbox: Mailbox, model: LogModel) -> None:
        super().__init__(logging.INFO)
        self._mailbox, self._model = mailbox, model

    def emit(self, record: logging.LogRecord) -> None:
        """Leave a record in the mailbox."""
        line = LogLine(_level(record.levelno), record.name, record.getMessage(), record.created)
        self._mailbox.call(lambda: self._model.add(line))


def _level(number: int) -> Level:
    if number >= logging.ERROR:
        return "error"
    return "warning" if number >= logging.WARNING else "info"
