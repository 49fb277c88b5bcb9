"""Runs on disk: written so that nothing committed is ever lost, read without being changed.

`RunWriter` writes (create, reopen, record, finish, seal), `open_run` reads, `verify` checks, `rescue` saves the last
samples of a run whose disk is full.
"""

from nanoprobe.storage.disk import check_new
from nanoprobe.storage.header import Finished, Resumed, RunHeader
from nanoprobe.storage.kinds import Record
from nanoprobe.storage.reader import Run, open_run
from nanoprobe.storage.rescue import read_rescue, rescue
from nanoprobe.storage.verifying import verify
from nanoprobe.storage.writer import RunWriter

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
