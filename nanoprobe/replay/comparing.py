"""Two runs held against each other: every stored value, but for the times of the computer's own clock."""

from collections.abc import Iterator

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from nanoprobe.records import PointState
from nanoprobe.storage import Run
from nanoprobe.storage.tree import same

OWN_CLOCK = frozenset({"cycles/time"})
"""What is measured by the computer's clock, where it steps the cycles itself: no two runs share it."""

Values = NDArray[np.generic]


def differences(old: Run, new: Run, *, whole: bool) -> Iterator[str]:
    """Yield where `new` holds something else than `old`.

    Not `whole`: one of them was cut off, so only what is finished in both has to agree.
    """
    ours, theirs = _groups(old), _groups(new)
    for name, group in ours.items():
        if name not in theirs:
            if whole:
                yield f"{name} is missing"
            continue
        yield from _in_group(name, group, theirs[name], whole)
    if whole:
        yield from (f"{name} was not recorded" for name in theirs.keys() - ours.keys())


def _groups(run: Run) -> dict[str, xr.Dataset]:
    groups = {"points": run.points, "ramps": run.ramps, "checks": run.checks}
    groups |= {f"frames/{index}": frame for index, frame in enumerate(run.frames)}
    groups |= dict(run.tables)
    return {name: group for name, group in groups.items() if any(group.sizes.values())}


def _in_group(name: str, old: xr.Dataset, new: xr.Dataset, whole: bool) -> Iterator[str]:
    if whole and dict(old.sizes) != dict(new.sizes):
        yield f"{name} has the sizes {dict(new.sizes)}, recorded are {dict(old.sizes)}"
        return
    if not whole:
        old, new = _done(name, old, new)
    for variable in old.variables:
        if variable not in new.variables:
            yield f"{name}/{variable} is missing"
            continue
        if f"{name}/{variable}" in OWN_CLOCK:
            continue
        one, other = old[variable].to_numpy(), new[variable].to_numpy()
        if one.dtype.kind != "M" and not same(one, other):
            yield _place(f"{name}/{variable}", old[variable], one, other)


def _done(name: str, old: xr.Dataset, new: xr.Dataset) -> tuple[xr.Dataset, xr.Dataset]:
    """Return what is finished in both: done points, whole ramps, lines that are there, rows as far as both have them."""
    if "line_state" in old:
        taken = [(each["line_state"].to_numpy() > 0).reshape(-1, each.sizes["y"]).all(axis=0) for each in (old, new)]
        lines = np.flatnonzero(taken[0] & taken[1])
        return old.isel(y=lines), new.isel(y=lines)
    dim = {"points": "point", "ramps": "point", "checks": "check"}.get(name, next(iter(old.sizes)))
    chosen = np.arange(min(old.sizes[dim], new.sizes[dim]))
    for mark in ("state", "n_samples"):
        if mark in old:
            one, other = (each[mark].to_numpy()[chosen] for each in (old, new))
            chosen = chosen[(one == other) & (one == PointState.DONE if mark == "state" else one > 0)]
    old, new = old.isel({dim: chosen}), new.isel({dim: chosen})
    if "sample" in old.sizes:
        common = slice(min(old.sizes["sample"], new.sizes["sample"]))
        return old.isel(sample=common), new.isel(sample=common)
    return old, new


def _place(name: str, variable: xr.DataArray, one: Values, other: Values) -> str:
    if one.shape != other.shape:
        return f"{name} has shape {other.shape}, recorded is {one.shape}"
    unequal = one != other
    if one.dtype.kind == "f":
        unequal &= ~(np.isnan(one) & np.isnan(other))
    where = tuple(int(axis[0]) for axis in np.nonzero(unequal))
    at = ", ".join(f"{dim} {index}" for dim, index in zip(variable.dims, where, strict=True))
    unit = variable.attrs.get("units", "")
    return f"{name} at {at or 'its value'}: recorded {one[where]} {unit}, replayed {other[where]} {unit}".rstrip()
