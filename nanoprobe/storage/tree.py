"""The Zarr groups of a run on disk: made whole in one step, opened by others without a warning at any time.

A group grows in the staging folder and is renamed into place. Every group carries consolidated metadata, which is
replaced in one step too: it alone says which arrays there are and how long, so that a reader never sees half a change.
"""

import json
import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import zarr
from numpy.typing import NDArray
from zarr.codecs import ZstdCodec

from nanoprobe.storage.disk import replace_file, sync_folder
from nanoprobe.storage.layout import ArraySpec, GroupSpec
from nanoprobe.storage.places import JOURNAL_GROUP, RECORDS, STAGING

Arrays = dict[str, "zarr.Array[Any]"]
Node = dict[str, Any]


def plant(path: Path, attrs: Mapping[str, Any]) -> None:
    """Make the root group of a run at the existing empty folder `path`, and the place of its journal."""
    (path / STAGING).mkdir(parents=True)
    meaning = "the journal lies in this folder until sealing"
    plant_group(path / JOURNAL_GROUP, RECORDS.name, meaning, path / STAGING)
    _write_group(path, _group_node(attrs), {}, path / STAGING)


def plant_group(path: Path, array: str, meaning: str, staging: Path) -> None:
    """Make a group at `path` with one empty array, whose folder may hold files of other kinds."""
    empty = ArraySpec(array, ("byte",), "u1", (1,), {"long_name": meaning})
    _make_array(zarr.open_group(path, mode="a", zarr_format=3), empty, (0,))
    _write_group(path, _group_node({}), {}, staging)


class Tree:
    """The groups below `path`. Used by one thread. Raises OSError where the disk refuses."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._root = _read(path / "zarr.json")
        self._nodes: dict[str, Node] = dict(self._root["consolidated_metadata"]["metadata"])
        self.made: set[str] = set()
        """Groups this object has made: what was never written there reads as nothing."""
        # Groups whose metadata this object has brought up to date; what an earlier process left may be half a change.
        self._current: set[str] = set()

    @property
    def attrs(self) -> dict[str, Any]:
        """Attributes of the root group."""
        return dict(self._root["attributes"])

    def set_attrs(self, **attrs: Any) -> None:
        """Replace attributes of the root group, in one step."""
        self._root["attributes"] = {**self._root["attributes"], **attrs}
        _write_group(self._path, self._root, self._nodes, self._path / STAGING)

    def fit(self, spec: GroupSpec, values: Mapping[str, NDArray[Any]] | None = None) -> Arrays:
        """Return the arrays of a group, made, resized or made anew so that they have the layout of `spec`.

        `values`: written into arrays when the group is made.
        """
        arrays = _open_arrays(self._path / spec.name, spec)
        if arrays is None:
            self._make(spec, values or {})
            arrays = _open_arrays(self._path / spec.name, spec)
            assert arrays is not None
        elif not self._resize(arrays, spec) and spec.name in self._current:
            return arrays
        self._consolidate(spec)
        return arrays

    def grow(self, spec: GroupSpec, values: Mapping[str, NDArray[Any]] | None = None) -> Arrays:
        """Return the arrays of a group, made or made longer where they are shorter than `spec` says.

        Others see the new length once `announce` was called: data first, then the mark that makes it count.
        """
        arrays = _open_arrays(self._path / spec.name, spec)
        if arrays is None:
            self._make(replace(spec, sizes={**spec.sizes, spec.arrays[0].dims[0]: 0}), values or {})
            arrays = _open_arrays(self._path / spec.name, spec)
            assert arrays is not None
        for array in spec.arrays:
            if arrays[array.name].shape[0] < spec.shape(array)[0]:
                arrays[array.name].resize(spec.shape(array))
        return arrays

    def announce(self, spec: GroupSpec) -> None:
        """Let others see the length the arrays of a group have now."""
        self._consolidate(spec)

    def _make(self, spec: GroupSpec, values: Mapping[str, NDArray[Any]]) -> None:
        staged = self._path / STAGING / "group"
        shutil.rmtree(staged, ignore_errors=True)
        group = zarr.open_group(staged, mode="w", zarr_format=3, attributes=dict(spec.attrs))
        for array in spec.arrays:
            made = _make_array(group, array, spec.shape(array))
            if array.name in values:
                made[...] = values[array.name]
        _write_group(staged, _group_node(spec.attrs), dict(_children(staged, spec)), self._path / STAGING)
        self.made.add(spec.name)
        target = self._path / spec.name
        self._make_parents(target)
        shutil.rmtree(target, ignore_errors=True)
        os.replace(staged, target)
        sync_folder(target.parent)

    def _make_parents(self, target: Path) -> None:
        parent = target.parent
        if parent != self._path and not (parent / "zarr.json").exists():
            parent.mkdir(exist_ok=True)
            _write_group(parent, _group_node({}), {}, self._path / STAGING)

    def _resize(self, arrays: Arrays, spec: GroupSpec) -> bool:
        wrong = [array for array in spec.arrays if arrays[array.name].shape != spec.shape(array)]
        for array in wrong:
            arrays[array.name].resize(spec.shape(array))
        return bool(wrong)

    def _consolidate(self, spec: GroupSpec) -> None:
        """Bring the metadata of the group, of its parent and of the root up to what lies on disk."""
        children = dict(_children(self._path / spec.name, spec))
        staging = self._path / STAGING
        _write_group(self._path / spec.name, _group_node(spec.attrs), children, staging)
        self._current.add(spec.name)
        self._nodes[spec.name] = _group_node(spec.attrs)
        self._nodes.update({f"{spec.name}/{name}": node for name, node in children.items()})
        parent, _, _ = spec.name.rpartition("/")
        if parent:
            self._nodes[parent] = _group_node({})
            below = {
                name[len(parent) + 1 :]: node for name, node in self._nodes.items() if name.startswith(f"{parent}/")
            }
            _write_group(self._path / parent, _group_node({}), below, staging)
        _write_group(self._path, self._root, self._nodes, staging)


def _make_array(group: zarr.Group, array: ArraySpec, shape: tuple[int, ...]) -> "zarr.Array[Any]":
    """Make one array; Zstandard with checksum, so that a chunk that rots is found when it is read."""
    return group.create_array(
        array.name,
        shape=shape,
        chunks=array.chunks,
        dtype=str if array.kind == "str" else array.dtype,
        fill_value=array.fill,
        dimension_names=array.dims,
        attributes=dict(array.attrs),
        compressors=ZstdCodec(level=1, checksum=True),
    )


def _open_arrays(folder: Path, spec: GroupSpec) -> Arrays | None:
    """Open the arrays of a group for writing; None where it is not there or not as it should be."""
    try:
        arrays = {array.name: zarr.open_array(folder / array.name, mode="r+") for array in spec.arrays}
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return arrays if all(_matches(arrays[array.name], array) for array in spec.arrays) else None


def _matches(found: "zarr.Array[Any]", array: ArraySpec) -> bool:
    return found.chunks == array.chunks and found.dtype == array.dtype and found.ndim == len(array.dims)


def _children(folder: Path, spec: GroupSpec) -> Iterator[tuple[str, Node]]:
    for array in spec.arrays:
        yield array.name, _read(folder / array.name / "zarr.json")


def _group_node(attrs: Mapping[str, Any]) -> Node:
    nothing = {"kind": "inline", "must_understand": False, "metadata": {}}
    return {"attributes": dict(attrs), "zarr_format": 3, "consolidated_metadata": nothing, "node_type": "group"}


def _write_group(folder: Path, node: Node, children: Mapping[str, Node], staging: Path) -> None:
    consolidated = {"kind": "inline", "must_understand": False, "metadata": dict(sorted(children.items()))}
    text = json.dumps({**node, "consolidated_metadata": consolidated})
    replace_file(folder / "zarr.json", text.encode(), staging)


def _read(path: Path) -> Node:
    node = json.loads(path.read_bytes())
    if not isinstance(node, dict):
        raise ValueError(f"{path} is no Zarr metadata")
    return node


def same(left: NDArray[Any], right: NDArray[Any]) -> bool:
    """Say whether two arrays hold the same values, NaN equal to NaN."""
    return np.array_equal(left, right, equal_nan=left.dtype.kind in "fc")
