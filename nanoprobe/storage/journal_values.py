"""Values straight from the journal: a ramp's samples, an image's line, rows of a table. Plain arrays, no datasets."""

from bisect import bisect_right
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from nanoprobe.records import FrameLine, RampDone, Samples, TableRows
from nanoprobe.storage.kinds import SERIES
from nanoprobe.storage.ledger import FrameEntry, Ledger
from nanoprobe.storage.scan import JournalReader
from nanoprobe.storage.table_entry import Block, TableEntry, blank, put


def ramp_samples(ledger: Ledger, journal: JournalReader, point: int) -> dict[str, NDArray[np.float64]]:
    """Return the arrays of a point's ramp, as far as it came, shape (n,) each."""
    parts: dict[str, list[NDArray[np.float64]]] = {name: [np.zeros(0)] for name in SERIES}
    for offset in ledger.ramps.get(point, []):
        record = journal.record(offset)
        assert isinstance(record, Samples | RampDone)
        for name in SERIES:
            parts[name].append(getattr(record, name))
    return {name: np.concatenate(arrays) for name, arrays in parts.items()}


def line_values(entry: FrameEntry, journal: JournalReader, line: int) -> Mapping[str, NDArray[np.float32]]:
    """Return the channels of a measured line, shape (2, pixels) each."""
    record = journal.record(entry.lines[line][0])
    assert isinstance(record, FrameLine)
    return record.line.values


def rows_block(entry: TableEntry, journal: JournalReader, first: int, last: int) -> Block:
    """Return rows `first` to `last` (excluded) of every column of a table, read from the journal."""
    values = blank(entry.begin, last - first)
    for index in range(max(0, bisect_right(entry.starts, first) - 1), len(entry.starts)):
        start = entry.starts[index]
        if start >= last:
            break
        record = journal.record(entry.offsets[index])
        assert isinstance(record, TableRows)
        put(values, record, start - first)
    return values
