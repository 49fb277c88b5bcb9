"""A run from elsewhere: its metadata must not make a reader ask for absurd amounts of memory."""

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nanoprobe.errors import StorageError

LARGEST_CHUNK = 1 << 26
"""Most values a chunk may have; this version writes some 65,000."""
LARGEST_METADATA = 1 << 28


def refuse_monsters(path: Path) -> None:
    """Raise StorageError when the Zarr metadata below `path` is malformed or announces chunks beyond LARGEST_CHUNK."""
    for file in sorted(path.rglob("zarr.json")):
        if file.stat().st_size > LARGEST_METADATA:
            raise StorageError(f"{file} is larger than the metadata of any run; it was not read")
        check_metadata(file.read_bytes(), str(file))


def check_metadata(text: bytes, where: str) -> None:
    """Raise StorageError when the Zarr metadata `text` is malformed or announces chunks beyond LARGEST_CHUNK."""
    try:
        _check_node(json.loads(text))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise StorageError(f"{where} is no Zarr metadata of a run ({error})") from None


def _check_node(node: Mapping[str, Any]) -> None:
    if node["node_type"] == "array":
        _check_array(node)
    for child in (node.get("consolidated_metadata") or {}).get("metadata", {}).values():
        _check_node(child)


def _check_array(node: Mapping[str, Any]) -> None:
    shape = node["chunk_grid"]["configuration"]["chunk_shape"]
    if math.prod(shape) > LARGEST_CHUNK:
        raise ValueError(f"chunks of {math.prod(shape)} values, the most is {LARGEST_CHUNK}")
