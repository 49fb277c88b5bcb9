"""What the documentation shows works as it is printed: Python, command lines, TOML, links, and tables made from the code.

README's Python is tested in tests/acceptance/test_readme.py.
"""

import re
import shlex
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from nanoprobe import Plan, run
from nanoprobe.benchfile import parse_bench
from nanoprobe.cli.app import _status, app
from nanoprobe.plan import make_plan
from nanoprobe.recipe import make_recipe

ROOT = Path(__file__).resolve().parents[2]
DOCS = sorted((ROOT / "docs").rglob("*.md"))
PAGES = [ROOT / "README.md", *DOCS]
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
INDENTED = re.compile(r"^    (nanoprobe .*)$", re.MULTILINE)
WALKED = "tutorials/first-map.md"
"""The page whose command lines are run together with its Python: a reader types them one after the other."""
BROUGHT = {
    "how-to/analyse-and-compare.md": ("bare.zarr", Plan(procedure="trigger-map", parameters={"nx": 2, "ny": 2})),
    "how-to/exchange-files.md": ("scan.zarr", Plan(procedure="current-map", parameters={"pixels": 128})),
}
"""Pages whose reader brings a run of their own."""


def name_of(page: Path) -> str:
    return page.relative_to(ROOT / "docs" if page in DOCS else ROOT).as_posix()


def blocks(page: Path, *kinds: str) -> list[tuple[str, str]]:
    return [(kind, text) for kind, text in FENCE.findall(page.read_text(encoding="utf-8")) if kind in kinds]


def command_lines(page: Path) -> list[str]:
    text = page.read_text(encoding="utf-8")
    fenced = [line for _, block in blocks(page, "sh", "") for line in block.splitlines()]
    return [line.strip() for line in (*fenced, *INDENTED.findall(FENCE.sub("", text))) if line.startswith("nanoprobe ")]


def toml_files() -> Iterator[tuple[str, str]]:
    """The TOML that pages show as files: the first line is a comment with the file's name."""
    for page in DOCS:
        for _, text in blocks(page, "toml"):
            yield text.splitlines()[0].removeprefix("# "), text


COMMANDS = sorted({(name_of(page), line) for page in PAGES for line in command_lines(page)})
DRY_RUNS = [(page, line) for page, line in COMMANDS if "--dry-run" in line and page != WALKED]
WITH_PYTHON = [page for page in DOCS if blocks(page, "python")]


@pytest.fixture
def desk(tmp_path, monkeypatch) -> Path:
    """A folder of the reader's own, with the files the pages tell to save."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MPLBACKEND", "Agg")
    monkeypatch.setenv("QT_QPA_PLATFORM", "offscreen")
    for name, text in toml_files():
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def run_command(line: str, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(sys, "argv", shlex.split(line))
    return _status()


@pytest.mark.timeout(180)
@pytest.mark.parametrize("page", WITH_PYTHON, ids=name_of)
def test_the_python_of_a_page_runs_from_top_to_bottom(page, desk, monkeypatch):
    names: dict[str, Any] = {"__name__": "page"}
    if name_of(page) in BROUGHT:
        name, plan = BROUGHT[name_of(page)]
        assert run(plan, desk / name).error is None
    for kind, text in blocks(page, "python", *(["sh"] if name_of(page) == WALKED else [])):
        if kind == "sh":
            for line in text.splitlines():
                assert run_command(line, monkeypatch) == 0, line
        else:
            exec(compile(text, page.name, "exec"), names)


def check_command(words: list[str]) -> None:
    """Parse a command line as the program does, without running it; raises for what it would refuse."""
    command: Any = typer.main.get_command(app)
    if words[:2] == ["sim", "serve"]:
        from sim_instruments.__main__ import parser

        parser().parse_args(words[1:])
        return
    while hasattr(command, "commands"):
        while words and words[0].startswith("-"):
            words = words[1:]
        command, words = command.get_command(None, words[0]), words[1:]
    command.make_context("nanoprobe", list(words))


@pytest.mark.parametrize(("page", "line"), COMMANDS, ids=[f"{page}: {line}" for page, line in COMMANDS])
def test_a_command_line_exists_with_its_options(page, line):
    check_command(shlex.split(line, comments=True)[1:])


def test_a_wrong_command_line_would_be_noticed():
    with pytest.raises(Exception, match="--nonsense"):
        check_command(["run", "--nonsense"])


@pytest.mark.parametrize(("page", "line"), DRY_RUNS, ids=[f"{page}: {line}" for page, line in DRY_RUNS])
def test_a_dry_run_shows_its_plan_and_makes_nothing(page, line, desk, monkeypatch, capsys):
    before = set(desk.iterdir())
    assert run_command(line, monkeypatch) == 0
    assert "nothing was touched" in " ".join(capsys.readouterr().out.split())
    assert set(desk.iterdir()) == before


@pytest.mark.parametrize(("name", "text"), list(toml_files()), ids=[name for name, _ in toml_files()])
def test_a_toml_file_is_a_good_bench_plan_or_recipe(name, text):
    raw = tomllib.loads(text)
    if "instruments" in raw:
        parse_bench(raw, name)
    elif "step" in raw:
        make_recipe(raw, name)
    else:
        make_plan(raw, name)


def anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_link_leads_somewhere(page):
    for link in re.findall(r"\]\(([^)]+)\)", page.read_text(encoding="utf-8")):
        if link.startswith("http"):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


def test_every_page_can_be_reached_from_the_index():
    index = (ROOT / "docs" / "index.md").read_text(encoding="utf-8")
    kept_apart = {"index.md", "explanations/decisions/COPYME.md"}
    assert [name for page in DOCS if (name := name_of(page)) not in kept_apart and f"({name})" not in index] == []


def test_the_tables_of_the_reference_are_current(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "docs"))
    import make_reference

    stale = [page.name for page in make_reference.out_of_date()]
    assert stale == [], "run `python docs/make_reference.py`"
