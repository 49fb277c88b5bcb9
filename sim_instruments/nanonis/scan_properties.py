"""How scans repeat and are saved, and the saving itself."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum


class Keep(IntEnum):
    """Which complete frames are saved (or pasted), as the Get commands number it; Set commands count from 1."""

    ALL = 0
    NEXT = 1
    OFF = 2

    @property
    def after_frame(self) -> "Keep":
        """What is left of it when a frame is complete."""
        return Keep.OFF if self is Keep.NEXT else self


@dataclass(frozen=True)
class ScanProperties:
    """`modules` are those whose parameters go into a file's header."""

    continuous: bool = False
    bouncy: bool = False
    autosave: Keep = Keep.OFF
    autopaste: Keep = Keep.OFF
    series: str = "nanoprobe"
    comment: str = ""
    modules: tuple[str, ...] = ("Bias", "Current", "Z-Controller", "Scan")


def table(rows: Sequence[Sequence[str]]) -> list[list[str]]:
    """Return rows of different lengths as a rectangle, filled up with empty texts."""
    width = max((len(row) for row in rows), default=0)
    return [[*row, *[""] * (width - len(row))] for row in rows]
