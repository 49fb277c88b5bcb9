"""Runs on disk: written so that nothing committed is ever lost, read without being changed.

`RunWriter` writes (create, reopen, record, finish, seal), `open_run` reads, `verify` checks, `rescue` saves the last
samples of a run whose disk is full.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nanoprobe.storage.disk import check_new
    from nanoprobe.storage.header import Finished, Resumed, RunHeader
    from nanoprobe.storage.kinds import Record
    from nanoprobe.storage.reader import Run, open_run
    from nanoprobe.storage.rescue_file import read_rescue, rescue
    from nanoprobe.storage.verifying import verify
    from nanoprobe.storage.writer import RunWriter

_HOMES = {
    "Finished": "header",
    "Record": "kinds",
    "Resumed": "header",
    "Run": "reader",
    "RunHeader": "header",
    "RunWriter": "writer",
    "check_new": "disk",
    "open_run": "reader",
    "read_rescue": "rescue_file",
    "rescue": "rescue_file",
    "verify": "verifying",
}

__all__ = [
    "Finished",
    "Record",
    "Resumed",
    "Run",
    "RunHeader",
    "RunWriter",
    "check_new",
    "open_run",
    "read_rescue",
    "rescue",
    "verify",
]


def __getattr__(name: str) -> Any:
    """Load what is asked for: reading brings xarray, which takes longer than a guard or a driver may take to start."""
    if name not in _HOMES:
        raise AttributeError(f"module 'nanoprobe.storage' has no attribute '{name}'")
    return getattr(import_module(f"nanoprobe.storage.{_HOMES[name]}"), name)
