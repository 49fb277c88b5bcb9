"""Tables of unplanned length: what is committed is what is read, whatever ended the run, at a flat cost."""

import random
import subprocess
import sys
import time
import tracemalloc
import warnings
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from nanoprobe.errors import BadInput
from nanoprobe.records import ColumnInfo, TableBegin, TableRows
from nanoprobe.storage import RunWriter, open_run, read_rescue, rescue, verify

SERIES = TableBegin(
    name="series",
    dim="sample",
    columns={"time": ColumnInfo("s", "since the start"), "current": ColumnInfo("A", "electrode current")},
    meaning="I-t",
)


def series_rows(first: int, count: int) -> TableRows:
    at = np.arange(first, first + count, dtype=np.float64)
    return TableRows(table="series", values={"time": at, "current": np.sin(at)})


def equal(found: xr.Dataset, rows: TableRows) -> None:
    for name, values in rows.values.items():
        np.testing.assert_array_equal(found[name].values, values)


@pytest.mark.parametrize("ended", ["live", "interrupted", "aborted", "finished"])
def test_rows_come_back_as_they_were_committed(path, header, spectra, spectra_rows, ended):
    writer = RunWriter.create(path, header)
    writer.record(spectra)
    for first in range(0, 30, 3):
        writer.record(spectra_rows(first, 3))
    if ended == "interrupted":
        writer.close()
    elif ended != "live":
        writer.finish(ended)
    with open_run(path) as run:
        table = run.tables["spectra"]
        assert table.sizes == {"spectrum": 30, "frequency": 64}
        assert table["impedance"].dtype == np.complex128
        assert table["valid"].dtype == np.uint8
        assert table["frequency"].attrs["units"] == "Hz"
        assert table.attrs == {"table": "spectra", "dim": "spectrum", "meaning": "impedance along the run"}
        equal(table.load(), spectra_rows(0, 30))
    writer.close()


def test_a_sealed_table_is_identical_to_the_live_one(path, header, spectra, spectra_rows):
    writer = RunWriter.create(path, header)
    writer.record(spectra)
    writer.record(SERIES)
    writer.record(spectra_rows(0, 7))
    with open_run(path) as run:
        live = {name: table.load() for name, table in run.tables.items()}
    writer.finish("finished")
    assert verify(path) == []
    with open_run(path) as run:
        assert run.tables.keys() == live.keys() == {"spectra", "series"}
        for name, table in run.tables.items():
            xr.testing.assert_identical(table.load(), live[name])
    assert live["series"].sizes == {"sample": 0}


def test_segments_of_a_long_table_read_as_one_and_slices_touch_what_they_need(path, header):
    rows = 1_100_000
    writer = RunWriter.create(path, header)
    writer.record(SERIES)
    for first in range(0, rows, 50_000):
        writer.record(series_rows(first, 50_000))
    with open_run(path) as run:
        middle = run.tables["series"]["time"][499_990:500_010:5].values
    writer.finish("finished")
    assert sorted(place.name for place in (path / "series").iterdir()) == ["0", "1", "zarr.json"]
    assert xr.open_zarr(path, group="series/1", chunks=None).attrs["first_row"] == 1 << 20
    assert verify(path) == []
    with open_run(path) as run:
        times = run.tables["series"]["time"]
        assert times.shape == (rows,)
        np.testing.assert_array_equal(times[499_990:500_010:5].values, middle)
        np.testing.assert_array_equal(times[(1 << 20) - 2 : (1 << 20) + 2].values, np.arange(4) + (1 << 20) - 2)
        assert float(times[-1]) == rows - 1
        np.testing.assert_array_equal(times.values, np.arange(rows))


@pytest.mark.parametrize("ended", ["live", "interrupted", "finished"])
def test_plain_xarray_opens_every_segment_without_a_warning(path, header, spectra, spectra_rows, ended):
    writer = RunWriter.create(path, header, flush_after=0.0)
    writer.record(spectra)
    writer.record(SERIES)
    writer.record(spectra_rows(0, 5))
    if ended == "finished":
        writer.finish("finished")
    else:
        writer._tailer.drain()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for group in (None, "spectra", "spectra/0", "series", "series/0"):
            for consolidated in (None, False):
                xr.open_zarr(path, group=group, consolidated=consolidated, chunks=None).load()
        xr.open_datatree(path, engine="zarr").close()
    assert [str(warning.message) for warning in caught] == []
    assert xr.open_zarr(path, group="spectra/0", chunks=None).sizes["spectrum"] == 5
    writer.close()


def test_a_resumed_run_goes_on_behind_its_last_row(path, header, spectra, spectra_rows):
    with RunWriter.create(path, header) as writer:
        writer.record(spectra)
        writer.record(spectra_rows(0, 4))
    with RunWriter.reopen(path) as again:
        assert again.rows == {"spectra": 4}
        again.record(spectra)
        again.record(spectra_rows(4, 2))
        again.finish("finished")
    with open_run(path) as run:
        equal(run.tables["spectra"].load(), spectra_rows(0, 6))


def test_rows_that_a_full_disk_refused_are_read_back_from_the_rescue_file(path, spectra_rows):
    place = rescue(path, [spectra_rows(3, 2)])
    (kept,) = read_rescue(place)
    assert kept.table == "spectra"
    np.testing.assert_array_equal(kept.values["impedance"], spectra_rows(3, 2).values["impedance"])


def test_a_chunk_that_rots_is_named(path, header, spectra, spectra_rows):
    writer = RunWriter.create(path, header)
    writer.record(spectra)
    writer.record(spectra_rows(0, 9))
    writer.finish("aborted")
    assert verify(path) == []
    chunk = path / "spectra/0/impedance/c/0/0"
    content = bytearray(chunk.read_bytes())
    content[len(content) // 2] ^= 1
    chunk.write_bytes(content)
    assert verify(path) == ["spectra/0/impedance"]


WRITER = """
import sys
sys.path[:0] = {paths!r}
from pathlib import Path
from kill_me import header, say
from test_tables import SERIES, series_rows
from nanoprobe.storage import RunWriter
writer = RunWriter.create(Path({path!r}), header(), flush_after=0.01)
writer.record(SERIES)
say("open")
for first in range(0, 10**7, 7):
    writer.record(series_rows(first, 7))
    say("rows", first + 7)
"""


@pytest.mark.parametrize("seed", range(2))
def test_killed_at_a_random_instant_every_committed_row_is_there_and_it_goes_on(path, seed):
    here = Path(__file__).parent
    code = WRITER.format(paths=[str(here), str(here.parents[1])], path=str(path))
    pick = random.Random(seed)
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        said = [process.stdout.readline() for _ in range(2 + pick.randrange(300))]
        for _ in range(pick.randrange(20000)):  # an instant of its own, at no line's end
            pass
        process.kill()
        said += process.stdout.readlines()
    promised = max(int(line.split()[1]) for line in said if line.startswith("rows") and line.endswith("\n"))
    with open_run(path) as run:
        kept = run.tables["series"].sizes["sample"]
        assert run.status == "interrupted"
        assert kept in (promised, promised + 7)
        equal(run.tables["series"].load(), series_rows(0, kept))
    with RunWriter.reopen(path) as writer:
        assert writer.rows == {"series": kept}
        writer.record(series_rows(kept, 1))
        writer.finish("finished")
    assert verify(path) == []
    equal(xr.open_zarr(path, group="series/0", chunks=None).load(), series_rows(0, kept + 1))


def test_memory_stays_bounded_over_a_million_samples(path, header):
    writer = RunWriter.create(path, header, flush_after=0.2)
    writer.record(SERIES)
    writer.record(series_rows(0, 100_000))
    tracemalloc.start()
    for first in range(100_000, 1_000_000, 1000):
        writer.record(series_rows(first, 1000))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    writer.close()
    assert peak < 8e6  # all samples together are 16 MB, one chunk of each column is 1 MB


def test_a_row_costs_the_same_behind_half_a_million_rows_as_at_the_start(path, header):
    writer = RunWriter.create(path, header, flush_after=1e9)
    writer.record(SERIES)
    rows = 0

    def cost() -> float:
        nonlocal rows
        begun = time.thread_time()
        for row in range(rows, rows + 200):
            writer.record(series_rows(row, 1))
        rows += 200
        return time.thread_time() - begun

    early = min(cost() for _ in range(3))
    while rows < 500_000:
        writer.record(series_rows(rows, 50_000))
        rows += 50_000
    late = min(cost() for _ in range(3))
    writer.close()
    assert late < 4 * early


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda t: rows(t, time=np.zeros(2)), r"'series' need one number of rows in all columns"),
        (lambda t: TableRows(table="series", values={"time": np.zeros(1)}), r"need the columns \['time', 'current'\]"),
        (lambda t: rows(t, current=np.zeros((1, 3))), r"column 'current' needs \(\) a row, got \(3,\)"),
        (lambda t: rows(t, current=np.zeros(1, dtype=complex)), "column 'current' is f8, got complex128 beyond it"),
        (lambda t: TableRows(table="other", values={}), "rows of table 'other' came before the table was begun"),
        (
            lambda t: begin(t, name="points"),
            "a table cannot be called 'points': this group of a run has another meaning",
        ),
        (lambda t: begin(t, name="../x"), "the name '../x' must be letters, digits and underscores"),
        (lambda t: begin(t, columns={}), "needs at least one column"),
        (
            lambda t: begin(t, columns={"a": ColumnInfo("A", "", dims=("f",))}),
            "column 'a' lies along 'f', which has no",
        ),
        (lambda t: begin(t, dim="cycle"), "table 'series' was begun in other words"),
        (lambda t: begin(t, coords={"time": (np.ones(1), "s", "")}), "axis 'time' needs a name of its own"),
    ],
    ids=["lengths", "columns", "inner", "kind", "unbegun", "reserved", "path", "empty", "axis", "changed", "twice"],
)
def test_rows_and_tables_that_do_not_fit_are_refused_and_nothing_is_stored(path, header, make, message):
    with RunWriter.create(path, header) as writer:
        writer.record(SERIES)
        size = (path / "journal/records/journal.bin").stat().st_size
        with pytest.raises(BadInput, match=message):
            writer.record(make(SERIES))
        assert (path / "journal/records/journal.bin").stat().st_size == size


def test_a_whole_number_that_does_not_fit_is_refused_not_wrapped(path, header):
    table = TableBegin(name="flags", dim="row", columns={"flag": ColumnInfo("1", "a flag", "u1")})
    with RunWriter.create(path, header) as writer:
        writer.record(table)
        with pytest.raises(BadInput, match="column 'flag' is u1, got int64 beyond it"):
            writer.record(TableRows(table="flags", values={"flag": np.array([256])}))


def rows(table: TableBegin, **changes: object) -> TableRows:
    return TableRows(table=table.name, values={**series_rows(0, 1).values, **changes})


def begin(table: TableBegin, **changes: object) -> TableBegin:
    words = {name: getattr(table, name) for name in ("name", "dim", "columns", "coords", "meaning")}
    return TableBegin(**{**words, **changes})
