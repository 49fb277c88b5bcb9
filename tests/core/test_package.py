"""The shape of the house: what the wheel holds, and that only our own siblings are used."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from nanoprobe.errors import ForeignPackage
from nanoprobe.siblings import check_siblings

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = {"nanoprobe", "drivers", "procedures", "gui", "sim_instruments"}


@pytest.mark.timeout(180)
def test_the_wheel_holds_exactly_the_five_packages(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(tmp_path), str(ROOT)]
    subprocess.run(command, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    tops = {name.split("/")[0] for name in zipfile.ZipFile(wheel).namelist()}
    assert {top for top in tops if not top.endswith(".dist-info")} == PACKAGES


def test_our_own_siblings_pass() -> None:
    check_siblings(*PACKAGES)


def test_a_foreign_package_of_a_siblings_name_is_refused_by_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "drivers").mkdir()
    (tmp_path / "drivers" / "__init__.py").write_text('"""Somebody else\'s."""\n')
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "drivers", raising=False)
    with pytest.raises(ForeignPackage, match=r"drivers/__init__\.py, not nanoprobe's own"):
        check_siblings("drivers")


def test_tests_have_no_packages_that_could_shadow_ours() -> None:
    assert not list((ROOT / "tests").rglob("__init__.py"))
