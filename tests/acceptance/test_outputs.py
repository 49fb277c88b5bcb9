"""Where a command writes: nothing of the user's is replaced, and a bad place is refused before anything is done."""

import os
from pathlib import Path

import pytest

from tests.acceptance.conftest import touched
from tests.acceptance.test_bad_input import refused


@pytest.mark.parametrize("kind", ["folder", "file", "dangling link"])
def test_an_existing_output_is_never_touched(kind, lab, tmp_path, nanoprobe):
    out = tmp_path / "r.zarr"
    {"folder": out.mkdir, "file": out.touch, "dangling link": lambda: out.symlink_to("nowhere")}[kind]()
    said = nanoprobe("run", "trigger-ramp", "--bench", str(lab.bench_file), "--out", str(out))
    assert said.status == 2
    assert f"{out} exists already: choose another place" in said.line
    assert touched(lab) == []
    assert not out.is_dir() or not list(out.iterdir())
    assert not out.is_symlink() or not out.exists()


def test_an_output_without_a_folder_is_refused(lab, tmp_path, nanoprobe):
    (tmp_path / "file").touch()
    for folder in ("none", "file"):
        said = refused(nanoprobe, lab, str(lab.bench_file), tmp_path / folder / "r.zarr")
        assert said.status == 2
        assert f"{tmp_path / folder} is no folder: make it first" in said.line


@pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")
def test_an_output_in_a_folder_that_takes_no_files_is_refused(lab, tmp_path, nanoprobe):
    folder = tmp_path / "locked"
    folder.mkdir(0o500)
    if os.geteuid() == 0:  # permissions do not stop an administrator; the kernel's own tables do
        folder = Path("/proc")
    said = refused(nanoprobe, lab, str(lab.bench_file), folder / "r.zarr")
    assert said.status == 2
    assert f"{folder} cannot be written" in said.line


def test_a_file_of_places_that_exists_is_never_touched(tmp_path, nanoprobe):
    places = tmp_path / "p.csv"
    places.write_text("mine")
    said = nanoprobe("simulate", "weakness", "map.zarr", "--out", str(tmp_path / "w.zarr"), "--picks", str(places))
    assert (said.status, said.line) == (2, f"nanoprobe: {places} exists; choose another name, nothing was changed")
    assert [path.name for path in tmp_path.iterdir()] == ["p.csv"]
    assert places.read_text() == "mine"


@pytest.mark.parametrize("kind", ["written by hand", "made real by hand", "folder", "no text", "dangling link"])
def test_the_simulator_never_replaces_a_bench_file_that_is_not_its_own(kind, lab, tmp_path, nanoprobe):
    bench = tmp_path / "mine.toml"
    made_real = lab.bench_file.read_text().replace("simulated = true", "simulated = false")
    {
        "written by hand": lambda: bench.write_text("[bench]\nsimulated = true\n"),
        "made real by hand": lambda: bench.write_text(made_real),
        "folder": bench.mkdir,
        "no text": lambda: bench.write_bytes(b"\xff\x00"),
        "dangling link": lambda: bench.symlink_to("nowhere"),
    }[kind]()
    before = bench.read_bytes() if bench.is_file() else None
    said = nanoprobe("sim", "serve", "--bench-file", str(bench))
    assert said.status == 2
    assert f"--bench-file {bench} exists and is not a simulated lab's: choose another name" in said.line
    assert (bench.read_bytes() if bench.is_file() else None) == before


def test_a_folder_is_no_report(tmp_path, nanoprobe):
    folder = tmp_path / "r.html"
    folder.mkdir()
    said = nanoprobe("analyze", "r.zarr", "--report", str(folder))
    assert (said.status, said.line) == (2, f"nanoprobe: {folder} is a folder; choose another name")


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        pytest.param(["simulate", "coating", "--chart"], "c.png", id="chart of a coating"),
        pytest.param(["sim", "serve", "--log-file"], "log.jsonl", id="log of a simulated lab"),
        pytest.param(["sim", "serve", "--truth-file"], "truth.jsonl", id="truth of a simulated lab"),
    ],
)
def test_a_file_that_exists_is_kept_as_it_is(arguments, name, tmp_path, nanoprobe):
    kept = tmp_path / name
    kept.write_text("precious")
    said = nanoprobe(*arguments, str(kept))
    assert said.status == 2
    assert said.line.endswith(f"{kept} exists; choose another name, nothing was changed")
    assert kept.read_text() == "precious"
