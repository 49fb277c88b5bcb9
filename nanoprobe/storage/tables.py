"""A ledger's lists as columns of the run's groups."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nanoprobe.records import CHECK_VALUES
from nanoprobe.storage.layout import checks_group, events_group
from nanoprobe.storage.ledger import FrameEntry, Ledger

Columns = dict[str, NDArray[Any]]


def checks_table(ledger: Ledger) -> Columns:
    """Return the columns of group `checks`."""
    columns = checks_group(len(ledger.checks)).blank()
    for row, (at, check) in enumerate(ledger.checks):
        for name in CHECK_VALUES:
            columns[name][row] = check.values.get(name, np.nan)
        columns["passed"][row], columns["time"][row], columns["reason"][row] = check.passed, at, check.reason
    return columns


def events_table(ledger: Ledger) -> Columns:
    """Return the columns of group `events`."""
    columns = events_group(len(ledger.events)).blank()
    for row, (at, text) in enumerate(ledger.events):
        columns["time"][row], columns["text"][row] = at, text
    return columns


def line_states(entry: FrameEntry) -> NDArray[np.uint8]:
    """Return `line_state` of an image, shape (lines,)."""
    states = np.zeros(entry.begin.plan.lines, dtype=np.uint8)
    for line, (_, scan) in entry.lines.items():
        states[line] = scan
    return states
