"""What app and instruments say to each other, written down: tapped at the link, kept inside the run, read again."""

from nanoprobe.recording.dialect import Command, Dialect, Field
from nanoprobe.recording.items import Item, Kind, SessionInfo
from nanoprobe.recording.reading import Recording, recordings_of
from nanoprobe.recording.recorder import Recorder
from nanoprobe.recording.tap import BenchTaps, Tap, Taps, Untapped, tapped_by, the_tap

__all__ = [
    "BenchTaps",
    "Command",
    "Dialect",
    "Field",
    "Item",
    "Kind",
    "Recorder",
    "Recording",
    "SessionInfo",
    "Tap",
    "Taps",
    "Untapped",
    "recordings_of",
    "tapped_by",
    "the_tap",
]
