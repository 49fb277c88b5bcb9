"""Tables of a run are drawn as they grow, and the same from disk."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tomlkit

from gui.growing import Growing
from gui.mailbox import Mailbox
from gui.run_loading import load_run
from gui.session_state import Message, Phase
from gui.table_model import ROW, TableModel
from gui.window import Window
from nanoprobe.events import Recorded, RunStarted
from nanoprobe.plan import Plan
from nanoprobe.records import ColumnInfo, TableBegin, TableRows
from nanoprobe.storage import RunWriter
from tests.gui.conftest import empty_header, until

SERIES = TableBegin(
    name="series",
    dim="sample",
    columns={"bias": ColumnInfo("V", "electrode bias"), "time": ColumnInfo("s", ""), "current": ColumnInfo("A", "")},
)
FREQUENCY = np.array([1e5, 1e3, 1e1])
SPECTRA = TableBegin(
    name="spectra",
    dim="spectrum",
    columns={"impedance": ColumnInfo("ohm", "", "c16", ("frequency",)), "soc": ColumnInfo("1", "")},
    coords={"frequency": (FREQUENCY, "Hz", "of the excitation")},
)


def series_rows(first: int, count: int) -> TableRows:
    at = np.arange(first, first + count, dtype=np.float64)
    return TableRows(table="series", values={"bias": -at, "time": 0.1 * at, "current": -1e-12 * at})


def spectra_rows(count: int) -> TableRows:
    impedance = np.array([[complex(10 * row + k, -k) for k in range(3)] for row in range(count)])
    return TableRows(table="spectra", values={"impedance": impedance, "soc": np.zeros(count)})


def started(*records: object) -> TableModel:
    model = TableModel()
    model.take(RunStarted(Path("a.zarr"), "growth"))
    for record in records:
        model.take(Recorded("table" if isinstance(record, TableBegin) else "rows", record))
    return model


@pytest.mark.parametrize("most", [None, 1000], ids=["all kept", "the latest kept"])
def test_growing_rows_are_what_was_added(most: int | None) -> None:
    growing, everything = Growing(inner=(2,), most=most), np.arange(20_000.0).reshape(-1, 2)
    for part in np.split(everything, range(0, 10_000, 37)[1:]):
        growing.add(part)
    np.testing.assert_array_equal(growing.rows, everything[-most:] if most else everything)


def test_a_series_is_drawn_as_current_over_time_without_being_asked() -> None:
    plot = started(SERIES, series_rows(0, 5), series_rows(5, 5)).plot()
    assert plot is not None
    assert (plot.x.label, plot.x.unit, plot.y.label, plot.y.unit) == ("time", "s", "current", "A")
    ((x, y),) = plot.curves
    assert np.allclose(x, 0.1 * np.arange(10))
    assert np.allclose(y, -1e-12 * np.arange(10))


def test_spectra_of_impedance_are_drawn_in_the_complex_plane_the_latest_last() -> None:
    plot = started(SPECTRA, spectra_rows(3)).plot()
    assert plot is not None
    assert (plot.x.label, plot.y.label) == ("Re impedance", "−Im impedance")
    x, y = plot.curves[-1]
    assert (x.tolist(), y.tolist()) == ([20.0, 21.0, 22.0], [0.0, 1.0, 2.0])
    assert len(plot.curves) == 3


def test_another_column_can_be_drawn_over_the_row() -> None:
    model = started(SERIES, series_rows(0, 3))
    model.show("series", ROW, "bias")
    plot = model.plot()
    assert plot is not None
    assert [part.tolist() for part in plot.curves[0]] == [[0.0, 1.0, 2.0], [0.0, -1.0, -2.0]]
    assert model.text().splitlines()[1] == "row (1)\tbias (V)"


def test_a_resumed_run_says_its_table_again_and_keeps_its_rows() -> None:
    model = started(SERIES, series_rows(0, 3), SERIES, series_rows(3, 1))
    assert model.tables["series"].count == 4


def test_rows_the_screen_had_no_time_for_are_merged() -> None:
    mailbox = Mailbox()
    for first in range(0, 300, 3):
        mailbox.post(Recorded("rows", series_rows(first, 3)))
    event = mailbox.take()
    assert isinstance(event, Recorded)
    assert isinstance(event.record, TableRows)
    np.testing.assert_array_equal(event.record.values["time"], series_rows(0, 300).values["time"])
    assert len(mailbox) == 0


@pytest.fixture
def stored(tmp_path: Path) -> Path:
    path = tmp_path / "tables.zarr"
    writer = RunWriter.create(path, empty_header())
    for record in (SERIES, SPECTRA, series_rows(0, 50), spectra_rows(4)):
        writer.record(record)
    writer.finish("finished")
    return path


def test_a_stored_run_shows_the_same_as_the_live_one(stored: Path) -> None:
    live = started(SERIES, SPECTRA, series_rows(0, 50), spectra_rows(4))
    loaded = TableModel()
    loaded.load(stored, load_run(stored).tables)
    for name in ("series", "spectra"):
        live.show(name)
        loaded.show(name)
        one, other = live.plot(), loaded.plot()
        assert one is not None
        assert other is not None
        assert (one.x, one.y) == (other.x, other.y)
        np.testing.assert_array_equal(np.array(one.curves), np.array(other.curves))


def test_the_series_dock_comes_to_the_front_and_draws(window: Window, stored: Path) -> None:
    window.desk.runs.open(stored)
    until(lambda: window.desk.tables.tables)
    until(window.table_view.isVisible)
    window.table_view.draw()
    assert len(window.table_view.curve.getData()[0]) == 50
    window.table_view.tables.setCurrentText("spectra")
    window.table_view.tables.textActivated.emit("spectra")
    window.table_view.draw()
    assert window.table_view.hint.text().endswith("4 rows")
    assert len(window.table_view.behind.getData()[0]) == 3 * (3 + 1)


def test_a_cell_on_a_bench_without_a_probe_is_measured_and_drawn(
    window: Window, lab_starter: Callable[..., Any], tmp_path: Path, told: list[Message]
) -> None:
    whole = tomlkit.parse(lab_starter().bench_file.read_text(encoding="utf-8"))
    for role in ("source_meter", "probe"):
        del whole["instruments"][role]  # type: ignore[union-attr]
    bench = tmp_path / "cell.toml"
    bench.write_text(tomlkit.dumps(whole), encoding="utf-8")
    desk = window.desk
    desk.session.open(str(bench))
    until(lambda: desk.session.state.phase in (Phase.OPEN, Phase.FAILED))
    desk.bench.poll()
    desk.queue.add(Plan(procedure="open-circuit", parameters={"duration": 5.0}), tmp_path / "ocv.zarr")
    until(lambda: desk.session.state.last_run is not None and desk.session.state.run is None)
    assert [message.text for message in told if message.level == "error"] == []
    assert desk.session.state.last_status == "finished"
    plot = desk.tables.plot()
    assert plot is not None
    assert len(plot.curves[-1][0]) > 0
