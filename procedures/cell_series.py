"""Tables of a run on a cell: every sample of every technique, and spectra."""

import time
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nanoprobe.analysis.kramers_kronig import LinearTest
from nanoprobe.records import ColumnInfo, TableBegin, TableRows
from nanoprobe.roles import Array
from nanoprobe.techniques import Spectrum, Trace

COMMIT_AFTER = 0.5
"""Samples are committed after this time (s): what a killed app loses."""
MOST_PENDING = 2000
"""Samples that may wait for their commit."""

SERIES = TableBegin(
    name="series",
    dim="sample",
    columns={
        "cycle": ColumnInfo("1", "cycle or step the sample belongs to, from 0", kind="i4"),
        "part": ColumnInfo(
            "1", "1 charge (or first half), -1 discharge (or second half), 0 rest, 2 conditioning", kind="i4"
        ),
        "time": ColumnInfo("s", "since the technique began, on the potentiostat's clock"),
        "voltage": ColumnInfo("V", "working electrode against the other"),
        "current": ColumnInfo("A", "positive oxidises at the working electrode"),
    },
    meaning="every sample of every technique in order",
)

Emit = Callable[[str, Any], None]


class Series:
    """Writes samples as they come, a few times a second."""

    def __init__(self, emit: Emit) -> None:
        self._emit = emit
        self._waiting: list[tuple[int, int, Trace]] = []
        self._since = time.monotonic()
        emit("table", SERIES)

    def add(self, trace: Trace, cycle: int, part: int) -> None:
        """Take samples of `part` (see the table) of `cycle`."""
        self._waiting.append((cycle, part, trace))
        pending = sum(len(piece.time) for _, _, piece in self._waiting)
        if pending >= MOST_PENDING or time.monotonic() - self._since > COMMIT_AFTER:
            self.commit()

    def commit(self) -> None:
        """Put everything that waits into the run."""
        self._since = time.monotonic()
        waiting, self._waiting = self._waiting, []
        if not waiting:
            return
        lengths = [len(trace.time) for _, _, trace in waiting]
        values: dict[str, NDArray[Any]] = {
            "cycle": np.repeat(np.array([cycle for cycle, _, _ in waiting], dtype=np.int32), lengths),
            "part": np.repeat(np.array([part for _, part, _ in waiting], dtype=np.int32), lengths),
            "time": np.concatenate([trace.time for _, _, trace in waiting]),
            "voltage": np.concatenate([trace.voltage for _, _, trace in waiting]),
            "current": np.concatenate([trace.current for _, _, trace in waiting]),
        }
        self._emit("rows", TableRows(table="series", values=values))


def spectra_table(frequency: Array) -> TableBegin:
    """Return the table of spectra at `frequency` (Hz, shape (n,))."""
    return TableBegin(
        name="spectra",
        dim="spectrum",
        columns={
            "step": ColumnInfo("1", "step after which it was measured; -1 before the first", kind="i4"),
            "current_density": ColumnInfo("A/m^2", "of the step before; 0 before the first"),
            "impedance": ColumnInfo(
                "ohm", "complex impedance; NaN where it was not measured", kind="c16", dims=("frequency",)
            ),
            "residual": ColumnInfo("1", "deviation from the linear Kramers-Kronig test over |Z|", dims=("frequency",)),
            "kept": ColumnInfo("1", "1 for a point that may be analysed", kind="u1", dims=("frequency",)),
            "voltage": ColumnInfo("V", "voltage it was measured around"),
            "temperature": ColumnInfo("K", "of the cell; NaN without a thermometer"),
        },
        coords={"frequency": (frequency, "Hz", "frequency of the excitation")},
        meaning="impedance spectra in order",
    )


def spectrum_row(
    spectrum: Spectrum,
    test: LinearTest,
    kept: NDArray[np.bool_],
    step: int,
    density: float,
    temperature: float,
    size: int,
) -> TableRows:
    """Return the row of one spectrum of up to `size` points, NaN where it broke off."""
    count = len(spectrum.frequency)
    impedance = np.full(size, np.nan + 1j * np.nan)
    residual, good = np.full(size, np.nan), np.zeros(size, dtype=np.uint8)
    impedance[:count], residual[:count], good[:count] = spectrum.impedance, test.residual, kept
    return TableRows(
        table="spectra",
        values={
            "step": np.array([step], dtype=np.int32),
            "current_density": np.array([density]),
            "impedance": impedance[None],
            "residual": residual[None],
            "kept": good[None],
            "voltage": np.array([spectrum.voltage]),
            "temperature": np.array([temperature]),
        },
    )
