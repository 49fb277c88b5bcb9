"""Attributes of a run's root group: the header, and how the run ended."""

import json
from collections.abc import Mapping
from dataclasses import asdict, fields
from datetime import UTC, datetime
from typing import Any

from nanoprobe.errors import BadInput, StorageError
from nanoprobe.storage.header import Finished, RunHeader
from nanoprobe.storage.layout import SCHEMA

_NAMES = [field.name for field in fields(RunHeader) if field.name != "extra"]


def root_attrs(header: RunHeader) -> dict[str, Any]:
    """Return the attributes of a run that begins. Raises BadInput when a value is no JSON."""
    values = asdict(header)
    extra = values.pop("extra")
    attrs = {**extra, **values, "schema": SCHEMA, "status": "running", "reason": "", "ended": None, "sealed": False}
    try:
        return dict(json.loads(json.dumps(attrs, allow_nan=False)))
    except (TypeError, ValueError) as error:
        raise BadInput(f"the header of the run holds a value that JSON cannot hold: {error}") from None


def end_attrs(end: Finished, at: float) -> dict[str, Any]:
    """Return the attributes that change when a run ends at `at` (s since 1970)."""
    return {"status": end.status, "reason": end.reason, "ended": datetime.fromtimestamp(at, UTC).isoformat()}


def header_of(attrs: Mapping[str, Any]) -> RunHeader:
    """Return the header of a sealed run from its attributes. Raises StorageError when one is missing."""
    missing = [name for name in _NAMES if name not in attrs]
    if missing:
        raise StorageError(f"the run's attributes lack {', '.join(missing)}")
    extra = {name: value for name, value in attrs.items() if name not in (*_NAMES, *_STATE)}
    return RunHeader(**{name: attrs[name] for name in _NAMES}, extra=extra)


_STATE = ("schema", "status", "reason", "ended", "sealed")
