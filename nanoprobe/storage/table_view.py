"""A table's segments on disk: rows in, whole chunks out, the last part-filled chunk again at each flush."""

from nanoprobe.records import TableRows
from nanoprobe.storage.layout import SEGMENT_CHUNKS, GroupSpec, table_chunk, table_segment
from nanoprobe.storage.table_entry import Block, TableEntry, blank, count, put
from nanoprobe.storage.tree import Arrays, Tree


class TableView:
    """Writes one table behind its journal. Memory: one chunk of each column; work a row is the same however long."""

    def __init__(self, tree: Tree, entry: TableEntry) -> None:
        self._tree = tree
        self._entry = entry
        self._rows = table_chunk(entry.begin)
        self._chunk: Block = blank(entry.begin, self._rows)
        self._index = 0
        self._filled = 0
        self._written: GroupSpec | None = None
        self._shown: GroupSpec | None = None

    def add(self, record: TableRows) -> None:
        """Take in further rows; chunks they complete are written at once."""
        taken, rows = 0, count(record)
        while taken < rows:
            put(self._chunk, record, self._filled - taken)
            step = min(rows - taken, self._rows - self._filled)
            taken, self._filled = taken + step, self._filled + step
            if self._filled == self._rows:
                self._write()
                self._index, self._filled = self._index + 1, 0
                if self._index % SEGMENT_CHUNKS == 0:
                    self._show()

    def flush(self) -> None:
        """Write the rows of the present chunk, then let others see them."""
        if self._filled or self._written is None:
            self._write()
        self._show()

    def _write(self) -> None:
        segment, place = divmod(self._index, SEGMENT_CHUNKS)
        first = place * self._rows
        spec = table_segment(self._entry.begin, segment, first + self._filled)
        if spec == self._written:
            return
        arrays: Arrays = self._tree.grow(spec, self._entry.axes())
        for name, values in self._chunk.items():
            arrays[name][first : first + self._filled] = values[: self._filled]
        self._written = spec

    def _show(self) -> None:
        if self._written is not None and self._written != self._shown:
            self._tree.announce(self._written)
            self._shown = self._written
