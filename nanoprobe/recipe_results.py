"""What a step of a recipe can take from an earlier one, written @STEP or @STEP.WHAT.

@map                     the earlier step's run (for `map_run`, `growth_run`, ...)
@map.boundary.x          x (m) of the grain boundary nearest to the middle of its current map; likewise .y, and
                         `interior`, `junction`
@map.boundaries          places on boundaries all over the map, for `points`; likewise `interiors`, `junctions`
@trigger.triggered.x     x (m) of the first point that triggered; likewise .y, and `censored`
@curve.curves.modulus    the last row's value in a column of a table of the run
"""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from nanoprobe.errors import BadInput
from nanoprobe.plugins import suggest

_FORM = re.compile(r"@([a-z][a-z0-9-]*)((?:\.[A-Za-z_][A-Za-z0-9_]*){0,2})")
SITE_WORDS = ("boundary", "interior", "junction")
MANY_SITES = {"boundaries": "boundary", "interiors": "interior", "junctions": "junction"}
POINT_WORDS = {"triggered": 1.0, "censored": 0.0}
AXES = ("x", "y")
MESH = 5
"""Places all over a map are picked in so many cells a side, at most one in each."""
CORE = 0.6
"""Part of a cell that is picked from (1), so that neighbours keep apart."""


def is_reference(value: Any) -> bool:
    """Say whether a parameter's value is a result of an earlier step."""
    return isinstance(value, str) and value.startswith("@")


def step_of(reference: str) -> str:
    """Return the name of the step a reference points to. Raises BadInput for a malformed one."""
    return _parsed(reference)[0]


def wants_run(reference: str) -> bool:
    """Say whether a reference stands for the whole run of a step."""
    return not _parsed(reference)[1]


def _parsed(reference: str) -> tuple[str, list[str]]:
    match = _FORM.fullmatch(reference)
    if match is None:
        raise BadInput(f"'{reference}' is no result of a step: write @STEP, @STEP.boundary.x or @STEP.TABLE.COLUMN")
    return match[1], match[2].split(".")[1:]


def check_reference(reference: str, earlier: Sequence[str]) -> None:
    """Raise BadInput for a reference that no earlier step can fulfil."""
    name, words = _parsed(reference)
    if name not in earlier:
        hint = suggest(name, earlier) if earlier else "the first step has none"
        raise BadInput(f"'{reference}' points to no earlier step; {hint}")
    if len(words) == 1 and words[0] not in MANY_SITES:
        raise BadInput(
            f"'{reference}' is half a result: {', '.join(MANY_SITES)} stand alone, anything else needs .x, .y or a column"
        )
    if words and words[0] in (*SITE_WORDS, *POINT_WORDS) and words[1] not in AXES:
        raise BadInput(f"'{reference}': a place has .x and .y")


def resolve(reference: str, runs: Mapping[str, Path]) -> Any:
    """Return the value of a reference. Raises BadInput where the step's run does not have it."""
    # Here, since it loads xarray and zarr, which reading a recipe does not need.
    from nanoprobe.storage import open_run

    name, words = _parsed(reference)
    if not words:
        return str(runs[name])
    with open_run(runs[name]) as run:
        if words[0] in MANY_SITES:
            return _places(run, MANY_SITES[words[0]], reference)
        if words[0] in SITE_WORDS:
            return _site(run, words[0], reference)[AXES.index(words[1])]
        if words[0] in POINT_WORDS:
            return _point(run, POINT_WORDS[words[0]], reference)[AXES.index(words[1])]
        return _value(run, words[0], words[1], reference)


def _sites(run: Any, reference: str) -> Any:
    from nanoprobe.analysis.of_run import map_image, sites_of

    found = sites_of(map_image(run))
    if found is None or not found.line.any():
        raise BadInput(f"'{reference}': {run.path} holds no current map that shows grain boundaries")
    return found


def _kind(word: str) -> Any:
    from nanoprobe.analysis.sites import Site

    return {"boundary": Site.BOUNDARY, "interior": Site.INTERIOR, "junction": Site.TRIPLE_JUNCTION}[word]


def _site(run: Any, word: str, reference: str) -> tuple[float, float]:
    sites = _sites(run, reference)
    place: tuple[float, float] | None = sites.pick(_kind(word), sites.frame)
    if place is None:
        raise BadInput(f"'{reference}': the map of {run.path} shows no {word}")
    return place


def _places(run: Any, word: str, reference: str) -> list[list[float]]:
    """Return one place in each cell of a mesh over the map that has one (m)."""
    sites = _sites(run, reference)
    frame = sites.frame
    edge = replace(frame, width=CORE * frame.width / MESH, height=CORE * frame.height / MESH)
    middle = (np.arange(MESH) + 0.5) / MESH - 0.5
    across, up = np.meshgrid(middle * frame.width, middle * frame.height)
    cells = frame.to_scanner(np.column_stack([across.ravel(), up.ravel()]))
    picks = [sites.pick(_kind(word), replace(edge, x=float(x), y=float(y))) for x, y in cells]
    found = [[float(place[0]), float(place[1])] for place in picks if place is not None]
    if not found:
        raise BadInput(f"'{reference}': the map of {run.path} shows no {word}")
    return found


def _point(run: Any, triggered: float, reference: str) -> tuple[float, float]:
    points = run.points
    wanted = np.flatnonzero(points["triggered"].values == triggered)
    if not len(wanted):
        raise BadInput(f"'{reference}': no point of {run.path} is so")
    return float(points["x"][wanted[0]]), float(points["y"][wanted[0]])


def _value(run: Any, table: str, column: str, reference: str) -> float:
    if table not in run.tables:
        raise BadInput(f"'{reference}': {run.path} has no table '{table}'; {suggest(table, run.tables)}")
    rows = run.tables[table]
    if column not in rows:
        raise BadInput(f"'{reference}': table '{table}' has no column '{column}'; {suggest(column, list(rows))}")
    values = np.asarray(rows[column].values, dtype=np.float64)
    if values.ndim != 1 or not len(values) or not math.isfinite(values[-1]):
        raise BadInput(f"'{reference}': there is no single number in the last row of it")
    return float(values[-1])
