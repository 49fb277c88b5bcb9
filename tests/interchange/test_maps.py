"""Maps of other programs: read where they lie, the right way up, and aimed at by a trigger map."""

import sys

import numpy as np
import pytest
from igorwriter import IgorWave

from nanoprobe.analysis.run_result import analyse_run
from nanoprobe.cli.app import _status
from nanoprobe.errors import BadInput
from nanoprobe.interchange.importing import import_map
from nanoprobe.interchange.map_file import read_map
from nanoprobe.storage import open_run
from procedures.earlier_map import read_earlier_map
from procedures.site_picks import pick_sites
from tests.analysis.conftest import polycrystal

WIDTH, TALL = 5e-6, 3.75e-6
NY, NX = 192, 256


def ramp_image():
    """Rises to the right and upwards: tells every way to turn it."""
    return np.add.outer(np.arange(NY) * 1e-9, np.arange(NX) * 1e-10)


def sxm(path, images, direction="up", angle="30", complete=NY):
    """A scan file as the controller writes it: header, then big endian floats, forward and backward of each channel."""
    table = "".join(f"\t{n}\t{name}\t{unit}\tboth\t1E+0\t0E+0\n" for n, (name, unit, _) in enumerate(images))
    head = {
        "NANONIS_VERSION": "2", "SCANIT_TYPE": "              FLOAT            MSBFIRST", "REC_DATE": " 02.01.2026",
        "REC_TIME": "03:04:05", "ACQ_TIME": "      600.0", "SCAN_PIXELS": f"       {NX}       {NY}", "SCAN_FILE": "x.sxm",
        "SCAN_TIME": "             1.0             1.0", "SCAN_RANGE": f"           {WIDTH:E}           {TALL:E}",
        "SCAN_OFFSET": "             2.0E-6         -1.0E-6", "SCAN_ANGLE": f"            {angle}", "SCAN_DIR": direction,
        "BIAS": "            -1.0E-1", "COMMENT": "a comment",
        "DATA_INFO": f"\tChannel\tName\tUnit\tDirection\tCalibration\tOffset\n{table}", "SCANIT_END": "\n",
    }  # fmt: skip
    text = "".join(f":{key}:\n{value}\n" for key, value in head.items())
    with path.open("wb") as file:
        file.write(text.rstrip("\n").encode() + b"\n\n\n\x1a\x04")
        for _, _, image in images:
            seen = np.where(np.arange(NY)[:, None] < complete, image, np.nan)
            scanned = seen if direction == "up" else seen[::-1]
            for way in (scanned, scanned[:, ::-1]):
                file.write(way.astype(">f4").tobytes())
    return path


def ibw(path, images):
    """An Asylum image: x, y, channel, and a note of "key: value" lines."""
    wave = IgorWave(np.stack([image.T for _, image in images], axis=-1), name="image")
    wave.set_note(
        f"ScanSize: {WIDTH}\rFastScanSize: {WIDTH}\rSlowScanSize: {TALL}\rXOffset: 2e-06\rYOffset: -1e-06\rScanAngle: 30\r"
    )
    for number, (name, _) in enumerate(images):
        wave.set_dimlabel(2, number, name)
    wave.save(str(path))
    return path


def test_a_nanonis_scan_is_the_right_way_up_whichever_way_it_was_scanned(tmp_path):
    for direction in ("up", "down"):
        found = read_map(
            sxm(tmp_path / "a.sxm", [("Z", "m", ramp_image()), ("Current", "A", -ramp_image())], direction)
        )
        for way in range(2):
            np.testing.assert_allclose(found.channels["height"].values[way], ramp_image(), rtol=1e-6)
        assert found.channels["current"].unit == "A"
    assert (found.frame.x, found.frame.y, found.frame.width) == (2e-6, -1e-6, WIDTH)
    assert found.frame.angle == pytest.approx(-np.pi / 6), "Nanonis counts clockwise"


def test_an_asylum_image_is_read_with_its_place(tmp_path):
    found = read_map(ibw(tmp_path / "a.ibw", [("HeightRetrace", ramp_image()), ("CurrentTrace", -ramp_image())]))
    np.testing.assert_allclose(found.channels["height"].values[0], ramp_image(), rtol=1e-6)
    assert np.isnan(found.channels["height"].values[1]).all(), "taken one way only"
    assert {name: one.unit for name, one in found.channels.items()} == {"height": "m", "current": "A"}
    assert (found.frame.x, found.frame.width, found.frame.angle) == (2e-6, WIDTH, pytest.approx(np.pi / 6))


def test_lines_that_were_never_scanned_stay_unmeasured(tmp_path):
    import_map(sxm(tmp_path / "a.sxm", [("Z", "m", ramp_image())], complete=40), tmp_path / "run.zarr")
    with open_run(tmp_path / "run.zarr") as run:
        assert (run.frames[0]["line_state"].values > 0).sum() == 40
        assert run.status == "finished"


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.tif", b"II*", r"maps are read from \.sxm, \.ibw, \.gwy; export it as one of these"),
        ("a.sxm", b"nothing of the kind", r"cannot be read as \.sxm: the file is damaged or of another kind$"),
        ("a.ibw", b"\x05\x00" + bytes(400), r"a\.ibw"),
        ("a.gwy", b"GWYO", r"cannot be read as \.gwy: the file is damaged or of another kind$"),
        ("b.gwy", b"no container", r"cannot be read as \.gwy: the file is damaged or of another kind$"),
        ("b.ibw", b"no wave", r"cannot be read as \.ibw: the file is damaged or of another kind$"),
        ("missing.gwy", None, "does not exist"),
    ],
    ids=["ending", "no scan", "no wave", "cut off", "no container", "other bytes", "missing"],
)
def test_a_file_of_the_wrong_kind_is_refused_in_one_line(name, content, words, tmp_path, monkeypatch, capsys):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(BadInput, match=words):
        read_map(tmp_path / name)
    monkeypatch.setattr(sys, "argv", ["nanoprobe", "import", str(tmp_path / name), "--out", str(tmp_path / "run.zarr")])
    assert _status() == 2
    assert "Traceback" not in capsys.readouterr().err
    assert not (tmp_path / "run.zarr").exists()


def test_force_curves_are_no_map(tmp_path):
    IgorWave(np.zeros(20), name="curve").save(str(tmp_path / "a.ibw"))
    with pytest.raises(BadInput, match="force curves are no maps"):
        read_map(tmp_path / "a.ibw")


@pytest.mark.parametrize("channels", [("Z", "Current"), ("Z",), ("Current",)], ids=["both", "topography", "current"])
def test_boundaries_of_a_lab_s_own_map_are_found_and_aimed_at(channels, tmp_path):
    sample = polycrystal(pixels=NX, side=WIDTH, grain=1.5e-6, seed=3, snr=12.0, special=0.0)
    unit, image = {"Z": "m", "Current": "A"}, {"Z": sample.height, "Current": sample.current}
    images = [(name, unit[name], image[name][:NY]) for name in channels]
    import_map(sxm(tmp_path / "a.sxm", images, angle="0"), tmp_path / "run.zarr")
    with open_run(tmp_path / "run.zarr") as run:
        found = analyse_run(run)
    mean = found.findings.numbers["grain_intercept_length"]
    assert mean.low < np.pi / 4 * 1.5e-6 < mean.high, (
        "a mosaic of n cells an area has 2 sqrt(n) boundary (Meijering 1953)"
    )
    if "Z" in channels:
        earlier = read_earlier_map(str(tmp_path / "run.zarr"))
        nodes = np.array([[2e-6, -1e-6]])
        places, words = pick_sites(earlier, nodes, earlier.frame)
        assert "points aimed at" in words
        assert np.abs(places - nodes).max() < 6e-6
