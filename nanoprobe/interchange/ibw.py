"""Asylum Research images (.ibw, Igor binary waves), read with igor2."""

import math
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from nanoprobe.errors import BadInput
from nanoprobe.geometry import Frame
from nanoprobe.interchange.map_file import MapFile, gather, our_name

_UNITS = {"current": "A", "modulus": "Pa", "phase": "deg", "potential": "V", "frequency": "Hz"}
"""Units of channels by what their names hold; the others (height, deflection, amplitude…) are lengths."""


def read_ibw(path: Path) -> MapFile:
    """Return the map in an Asylum image: x, y, channel, with "key: value" lines in the wave's note."""
    from igor2.binarywave import load

    wave = load(str(path))["wave"]
    data = np.asarray(wave["wData"], dtype=np.float64)
    if data.ndim != 3:
        raise BadInput(
            f"the wave has {data.ndim} dimensions where an image has 3 (x, y, channel); force curves are no maps"
        )
    notes = dict(_notes(wave["note"]))
    names = [label.decode("latin-1") for label in wave["labels"][2][1:]]
    images = {name: (data[:, :, number].T, _unit(name)) for number, name in enumerate(names)}
    return MapFile(
        program="Asylum Research",
        frame=_frame(notes),
        channels=gather(images),
        taken=f"{notes.get('Date', '')} {notes.get('Time', '')}".strip(),
    )


def _notes(raw: bytes) -> list[tuple[str, str]]:
    lines = raw.decode("latin-1").replace("\r", "\n").splitlines()
    return [(key.strip(), value.strip()) for key, colon, value in (line.partition(":") for line in lines) if colon]


def _frame(notes: Mapping[str, str]) -> Frame:
    def number(*names: str) -> float:
        return next((float(notes[name]) for name in names if name in notes), 0.0)

    return Frame(
        x=number("XOffset"),
        y=number("YOffset"),
        width=number("FastScanSize", "ScanSize"),
        height=number("SlowScanSize", "ScanSize"),
        angle=math.radians(number("ScanAngle")),
    )


def _unit(name: str) -> str:
    ours = our_name(name)
    return next((unit for word, unit in _UNITS.items() if word in ours), "m")
