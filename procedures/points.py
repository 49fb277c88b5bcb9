"""A parameter that holds a list of places on the surface: typed in, given as a list, or read from a file."""

import csv
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
from pymeasure.experiment import Parameter

from nanoprobe.errors import BadInput
from nanoprobe.roles import Array

MOST_POINTS = 1_000_000
_LARGEST_FILE = 50_000_000
_EXPECTED = 'write "x,y; x,y" in metres, a list [[x, y], ...], or the path of a .csv or .json file'

Places = list[list[float]]


class PointsParameter(Parameter):
    """Places as a list of [x, y] in m, empty where none are given. A file is read once: the plan holds its places."""

    def convert(self, value: Any) -> Places:
        """Return `value` as a list of [x, y] (m). Raises BadInput for anything that is no list of places."""
        if isinstance(value, str):
            value = _from_text(value.strip())
        return _checked(value)

    def __str__(self) -> str:
        return "; ".join(f"{x!r},{y!r}" for x, y in self._value or [])


def places(label: str, group: str, description: str) -> Any:
    """Return a parameter that holds places, none by default."""
    made = PointsParameter(label, default=[], description=description)
    made.group_name = group
    return made


def as_array(value: Places) -> Array:
    """Return places as an array (m, shape (n, 2))."""
    return np.array(value, dtype=np.float64).reshape(-1, 2)


def _from_text(value: str) -> Any:
    if not value:
        return []
    if value.lower().endswith((".csv", ".json")):
        return _from_file(Path(value))
    try:
        if value.startswith("["):
            return json.loads(value)
        return [[float(part) for part in pair.split(",")] for pair in value.split(";") if pair.strip()]
    except (ValueError, RecursionError):
        raise BadInput(f"'{value:.60}' is no list of places; {_EXPECTED}") from None


def _from_file(path: Path) -> Any:
    try:
        if path.stat().st_size > _LARGEST_FILE:
            raise BadInput(f"{path} is too large for a list of places ({_LARGEST_FILE} bytes at most)")
        content = path.read_text(encoding="utf-8")
        return json.loads(content) if path.suffix.lower() == ".json" else _from_csv(content)
    except OSError as error:
        raise BadInput(f"places cannot be read from {path}: {error.strerror}") from None
    except (ValueError, RecursionError):
        raise BadInput(f"{path} holds no list of places; each row is x,y in metres") from None


def _from_csv(content: str) -> Places:
    rows = [row for row in csv.reader(content.splitlines()) if row and not row[0].lstrip().startswith("#")]
    if rows and not _is_number(rows[0][0]):
        rows = rows[1:]
    return [[float(cell) for cell in row] for row in rows]


def _is_number(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return True


def _checked(value: Any) -> Places:
    try:
        pairs = [[float(x), float(y)] for x, y in value]
    except (TypeError, ValueError):
        raise BadInput(f"{value!r:.60} is no list of places; {_EXPECTED}") from None
    if len(pairs) > MOST_POINTS:
        raise BadInput(f"{len(pairs)} places are more than a run can hold ({MOST_POINTS})")
    if not all(math.isfinite(number) for pair in pairs for number in pair):
        raise BadInput("every place needs two finite numbers (m)")
    return pairs
