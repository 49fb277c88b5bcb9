"""A map out of another program's file, whichever it was: channels by our names, in SI units, first row lowest."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from nanoprobe.errors import BadInput
from nanoprobe.geometry import Frame
from nanoprobe.roles import Array

_OURS = (
    ("height", re.compile(r"^(z|height|topo\w*)$")),
    ("current", re.compile(r"current")),
    ("modulus", re.compile(r"modulus|young|stiffness")),
)
"""Our name of a channel, and what others call it."""
_DIRECTION = re.compile(r"(re|_| )?(trace|forward|backward|fwd|bwd)$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Channel:
    """`values` (SI `unit`, shape (2, ny, nx)): trace and retrace in order of increasing x, first row lowest, NaN not taken.

    A channel taken one way only has that way first, whichever it was.
    """

    values: Array = field(repr=False)
    unit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MapFile:
    """A map: where it lies, its channels by our names, the program it comes from, and when it was taken (as it says).

    `simulated`: the file says that it came from a simulated bench.
    """

    program: str
    frame: Frame
    channels: Mapping[str, Channel]
    taken: str = ""
    simulated: bool = False

    @property
    def shape(self) -> tuple[int, int]:
        """Lines and pixels a line."""
        ny, nx = next(iter(self.channels.values())).values.shape[1:]
        return int(ny), int(nx)


def our_name(name: str) -> str:
    """Return what we call a channel.

    >>> [our_name(name) for name in ("Z", "HeightRetrace", "Current (trace)", "LI Demod 1 X")]
    ['height', 'height', 'current', 'li_demod_1_x']
    """
    bare = _slug(_DIRECTION.sub("", _slug(name)))
    return next((ours for ours, theirs in _OURS if theirs.search(bare)), bare)


def is_retrace(name: str) -> bool:
    """Say whether a channel's name tells that it was taken on the way back."""
    return bool(re.search(r"retrace|backward|bwd", name, re.IGNORECASE))


def _slug(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")


def gather(images: Mapping[str, tuple[Array, str]]) -> dict[str, Channel]:
    """Return channels out of single images (name to values (ny, nx), first row lowest, and unit).

    Trace and retrace of one channel come together; of several channels that we would call alike the first counts.
    """
    ways: dict[str, list[Array | None]] = {}
    units: dict[str, str] = {}
    for name, (values, unit) in images.items():
        pair = ways.setdefault(our_name(name), [None, None])
        units.setdefault(our_name(name), unit)
        way = int(is_retrace(name))
        pair[way] = values if pair[way] is None else pair[way]
    return {name: Channel(_both(pair), units[name]) for name, pair in ways.items()}


def _both(pair: list[Array | None]) -> Array:
    there = [one for one in pair if one is not None]
    second = there[1] if len(there) > 1 else np.full(there[0].shape, np.nan)
    return np.stack([there[0], second]).astype(np.float64)


def read_map(path: Path) -> MapFile:
    """Read a map of Nanonis (.sxm), Asylum Research (.ibw) or Gwyddion (.gwy).

    Raises BadInput for another ending, for what is no such file, and for one without an image.
    """
    readers = _readers()
    reader = readers.get(path.suffix.lower())
    if reader is None:
        raise BadInput(f"{path}: maps are read from {', '.join(readers)}; export it as one of these")
    if not path.is_file():
        raise BadInput(f"{path} does not exist or is no file")
    try:
        found = reader(path)
    except BadInput as error:
        raise BadInput(f"{path}: {error}") from None
    except Exception as error:  # readers of other people's formats raise whatever a broken file makes them stumble over
        refused = error.strerror if isinstance(error, OSError) else None  # the disk's own words are worth telling
        why = refused or "the file is damaged or of another kind"
        raise BadInput(f"{path} cannot be read as {path.suffix.lower()}: {why}") from error
    return _checked(found, path)


def _readers() -> Mapping[str, Callable[[Path], MapFile]]:
    # Here, since each loads a library of its own, and gwy and ibw need `gather`.
    from nanoprobe.interchange.gwy import read_gwy
    from nanoprobe.interchange.ibw import read_ibw
    from nanoprobe.interchange.sxm import read_sxm

    return {".sxm": read_sxm, ".ibw": read_ibw, ".gwy": read_gwy}


def _checked(found: MapFile, path: Path) -> MapFile:
    if not found.channels or min(found.shape) < 2:
        raise BadInput(f"{path} holds no image")
    if not all(np.isfinite(one) and one > 0 for one in (found.frame.width, found.frame.height)):
        raise BadInput(f"{path} does not say how large its image is")
    return found
