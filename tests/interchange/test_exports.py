"""Runs as files of other programs: what a spreadsheet, Gwyddion and an HDF5 reader find in them."""

import csv
import shlex
import sys

import gwyfile
import h5py
import numpy as np
import pytest
import xarray as xr
from gwyfile.util import find_datafields

from nanoprobe.cli.app import _status
from nanoprobe.errors import BadInput
from nanoprobe.interchange.exporting import export_run
from nanoprobe.interchange.map_file import read_map
from nanoprobe.storage import RunWriter, open_run
from tests.interchange.conftest import FRAME, HEIGHT, LINES, PIXELS, header


def table(path):
    rows = list(csv.reader(path.read_text(encoding="utf-8").splitlines()))
    return rows[0], rows[1], rows[2:]


def test_tables_have_units_in_their_headings_and_their_origin_in_the_first_line(whole_run, tmp_path):
    with open_run(whole_run) as run:
        written = export_run(run, "csv", tmp_path / "out.csv")
    names = [path.name for path in written]
    assert names[:4] == ["out.csv", "out-ramps.csv", "out-checks.csv", "out-spectra.csv"]
    assert [name for name in names if "frame" in name] == [
        f"out-frame1-{channel}-{way}.csv" for channel in ("current", "height") for way in ("trace", "retrace")
    ]
    origin, headings, rows = table(tmp_path / "out.csv")
    assert "SIMULATED: no real sample" in origin
    assert {"x (m)", "trigger_first_above (V)", "charge (C)"} <= set(headings)
    assert float(rows[1][headings.index("x (m)")]) == 3e-6


def test_a_ramp_is_a_sample_a_row_and_a_spectrum_a_column_a_frequency(whole_run, tmp_path):
    with open_run(whole_run) as run:
        export_run(run, "csv", tmp_path / "out.csv")
    _, headings, rows = table(tmp_path / "out-ramps.csv")
    assert headings == ["point", "time (s)", "bias (V)", "bias_source (V)", "current (A)"]
    assert len(rows) == 8
    _, headings, rows = table(tmp_path / "out-spectra.csv")
    assert headings == ["spectrum", "charge (C)", *(f"{part} z (ohm) [{n}]" for part in ("re", "im") for n in range(3))]
    assert rows == [["0", "0.001", "1.0", "2.0", "3.0", "1.0", "2.0", "3.0"]]


def test_gwyddion_finds_every_image_where_it_lies_with_the_points_on_it(whole_run, tmp_path):
    with open_run(whole_run) as run:
        export_run(run, "gwy", tmp_path / "out.gwy")
    container = gwyfile.load(str(tmp_path / "out.gwy"))
    titles = dict(find_datafields(container))
    assert sorted(titles.values()) == sorted(2 * ["current retrace", "current trace", "height retrace", "height trace"])
    number = next(n for n, title in titles.items() if title == "height trace")
    field = container[f"/{number}/data"]
    assert (field.xreal, field.yreal, field.si_unit_z.unitstr) == (FRAME.width, FRAME.height, "m")
    np.testing.assert_allclose(field.data[::-1][: LINES - 1], HEIGHT[: LINES - 1], rtol=1e-6)
    assert container[f"/{number}/mask"].data[0].tolist() == [1.0] * PIXELS, "the topmost line was never scanned"
    points = container[f"/{number}/select/pointer"]["data"].reshape(-1, 2)
    np.testing.assert_allclose(points[0], [FRAME.width / 2, FRAME.height / 2], atol=1e-12)


def test_what_gwyddion_got_comes_back_as_it_was(whole_run, tmp_path):
    with open_run(whole_run) as run:
        export_run(run, "gwy", tmp_path / "out.gwy")
    back = read_map(tmp_path / "out.gwy")
    assert back.simulated
    assert back.frame.angle == FRAME.angle
    np.testing.assert_allclose([back.frame.x, back.frame.y], [FRAME.x, FRAME.y], atol=1e-15)
    height = back.channels["height"].values
    np.testing.assert_allclose(height[0, : LINES - 1], HEIGHT[: LINES - 1], rtol=1e-6)
    assert np.isnan(height[:, LINES - 1]).all()


def test_hdf5_holds_every_group_with_units_and_the_run_s_attributes(whole_run, tmp_path):
    with open_run(whole_run) as run:
        export_run(run, "h5", tmp_path / "out.h5")
        points = run.points
    with h5py.File(tmp_path / "out.h5") as file:
        assert file.attrs["sample"] == "LLZO"
        assert file.attrs["simulated"] == "true"
        assert file["points/charge"].attrs["units"] == "C"
        assert set(file["frames"]) == {"0", "1"}
    with xr.open_dataset(tmp_path / "out.h5", group="points", engine="h5netcdf") as back:
        np.testing.assert_array_equal(back["trigger_first_above"], points["trigger_first_above"])
    with xr.open_dataset(tmp_path / "out.h5", group="spectra", engine="h5netcdf") as back:
        assert back["z_im"].values.tolist() == [[1.0, 2.0, 3.0]]
        assert back["frequency"].attrs["units"] == "Hz"


@pytest.mark.parametrize(
    ("kind", "name", "words"),
    [
        ("xls", "out.xls", "exported as csv, gwy, h5, not as 'xls'"),
        ("csv", "taken.csv", "taken.csv exists; choose another name, nothing was changed"),
        ("csv", "nowhere/out.csv", "its folder does not exist"),
        ("gwy", "out.gwy", "a .gwy file holds images, and this run has none"),
        ("csv", "out.csv", "holds no point, image or table yet"),
    ],
    ids=["kind", "exists", "no folder", "no image", "nothing"],
)
def test_what_cannot_be_exported_is_refused(kind, name, words, tmp_path):
    (tmp_path / "taken.csv").write_text("mine")
    with RunWriter.create(tmp_path / "empty.zarr", header()) as writer:
        writer.finish("finished")
    with open_run(tmp_path / "empty.zarr") as run, pytest.raises(BadInput, match=words):
        export_run(run, kind, tmp_path / name)
    assert (tmp_path / "taken.csv").read_text() == "mine"


@pytest.mark.parametrize(("kind", "seen"), [("csv", "x (m)"), ("h5", "Group: /ramps")])
def test_the_command_says_what_it_wrote_and_what_shows_it(kind, seen, whole_run, tmp_path, monkeypatch, capsys):
    target = tmp_path / f"out.{kind}"
    monkeypatch.setattr(sys, "argv", ["nanoprobe", "export", str(whole_run), "--to", kind, str(target)])
    assert _status() == 0
    shown = capsys.readouterr().out
    assert f"written: {target}" in shown
    program, option, code = shlex.split(shown.rsplit("next: ", 1)[1])
    assert (program, option) == ("python", "-c")
    exec(code)
    assert seen in capsys.readouterr().out
