"""A finished run in object storage (fsspec addresses): one request for its metadata, chunks as they are asked for."""

import json
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import fsspec

from nanoprobe.errors import BadInput, StorageError
from nanoprobe.storage.foreign import LARGEST_METADATA, check_metadata
from nanoprobe.storage.groups import Groups, RemoteGroups
from nanoprobe.storage.layout import SCHEMA
from nanoprobe.storage.reader import Run


class RemoteRun(Run):
    """A run at `address`; its `path` is only its name."""

    def __init__(self, address: str, node: Mapping[str, Any]) -> None:
        super().__init__(Path(address.rstrip("/").rpartition("/")[2]), node["attributes"], None)
        self._address = address
        nodes = node["consolidated_metadata"]["metadata"]
        self._names = frozenset(name for name, one in nodes.items() if one["node_type"] == "group")

    @property
    def address(self) -> str:
        """Where `open_run` finds it again."""
        return self._address

    @cached_property
    def _groups(self) -> Groups:
        return RemoteGroups(self._address, self._names)


def open_remote(address: str) -> RemoteRun:
    """Open the finished run at `address`.

    Raises BadInput where there is none or its protocol is not known, StorageError when it cannot be read.
    """
    text = _metadata(address)
    check_metadata(text, address)
    node = json.loads(text)
    attrs = node.get("attributes", {})
    if attrs.get("schema") != SCHEMA:
        raise BadInput(
            f"{address} is no run this version can read: its layout is {attrs.get('schema')!r}, known is {SCHEMA!r}"
        )
    if attrs.get("sealed") is not True or not node.get("consolidated_metadata"):
        raise BadInput(f"{address} is {attrs.get('status')}: elsewhere only finished runs can be read; copy it here")
    return RemoteRun(address, node)


def _metadata(address: str) -> bytes:
    try:
        system, root = fsspec.core.url_to_fs(address)
        place = f"{root.rstrip('/')}/zarr.json"
        if system.size(place) > LARGEST_METADATA:
            raise StorageError(f"{address}: its metadata is larger than that of any run; it was not read")
        return bytes(system.cat_file(place))
    except FileNotFoundError:
        raise BadInput(f"{address} does not exist, or is no run") from None
    except (ValueError, ImportError) as error:
        raise BadInput(f"{address} cannot be reached: {error}") from None
    except OSError as error:
        raise StorageError(f"{address} could not be read: {error}") from error
