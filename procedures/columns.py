"""The columns of PyMeasure's `results`: our stored names with their unit in brackets."""

from collections.abc import Mapping

from nanoprobe.records import ColumnInfo, ValueInfo


def column(name: str, unit: str) -> str:
    """Return a column's heading; a unit of 1 is left out."""
    return name if unit == "1" else f"{name} ({unit})"


def columns(values: Mapping[str, ValueInfo | ColumnInfo]) -> list[str]:
    """Return the headings of all `values`."""
    return [column(name, info.unit) for name, info in values.items()]


def row(infos: Mapping[str, ValueInfo | ColumnInfo], values: Mapping[str, float]) -> dict[str, float]:
    """Return `values` by their headings, NaN where one is missing."""
    return {column(name, info.unit): float(values.get(name, float("nan"))) for name, info in infos.items()}
