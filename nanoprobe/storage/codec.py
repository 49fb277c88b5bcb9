"""A record's parts as bytes and back: JSON for the small values, raw little-endian bytes for arrays; never pickle.

Layout: length of the JSON (uint32), the JSON object `{"kind", "at", "fields", "arrays": [[name, dtype, shape]...]}`, then
each array in C order. The JSON may hold the tokens NaN and Infinity, as Python's reader takes them.
"""

import json
import math
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nanoprobe.errors import StorageError

_LENGTH = struct.Struct("<I")
_DTYPES = {"<f8", "<f4", "<c16", "<i4", "|u1"}


@dataclass(frozen=True, slots=True)
class Parts:
    """A record taken apart: its `kind`, when it was written (`at`, s since 1970), plain values, arrays."""

    kind: str
    at: float
    fields: Mapping[str, Any]
    arrays: Mapping[str, NDArray[Any]]


def to_bytes(parts: Parts) -> bytes:
    """Return the payload of a record."""
    arrays = {name: np.ascontiguousarray(values) for name, values in parts.arrays.items()}
    shapes = [[name, values.dtype.newbyteorder("<").str, list(values.shape)] for name, values in arrays.items()]
    head = {"kind": parts.kind, "at": parts.at, "fields": parts.fields, "arrays": shapes}
    text = json.dumps(head, separators=(",", ":")).encode()
    bodies = [values.astype(values.dtype.newbyteorder("<"), copy=False).tobytes() for values in arrays.values()]
    return b"".join([_LENGTH.pack(len(text)), text, *bodies])


def from_bytes(payload: bytes) -> Parts:
    """Return the parts of a payload; arrays are read-only views of it. Raises StorageError for anything else."""
    try:
        (length,) = _LENGTH.unpack_from(payload)
        head = json.loads(payload[_LENGTH.size : _LENGTH.size + length])
        arrays = _arrays(payload, _LENGTH.size + length, head["arrays"])
        return Parts(str(head["kind"]), float(head["at"]), dict(head["fields"]), arrays)
    except (struct.error, ValueError, TypeError, KeyError, OverflowError, RecursionError) as error:
        raise StorageError(f"a record of the journal cannot be understood ({type(error).__name__}: {error})") from None


def _arrays(payload: bytes, offset: int, shapes: list[list[Any]]) -> dict[str, NDArray[Any]]:
    arrays: dict[str, NDArray[Any]] = {}
    for name, kind, shape in shapes:
        if kind not in _DTYPES or any(type(length) is not int or length < 0 for length in shape):
            raise ValueError(f"array {name!r} of {kind!r} {shape!r}")
        count = math.prod(shape)
        arrays[str(name)] = np.frombuffer(payload, kind, count, offset).reshape(shape)
        offset += count * np.dtype(kind).itemsize
    if offset != len(payload):
        raise ValueError(f"{len(payload) - offset} bytes too many")
    return arrays
