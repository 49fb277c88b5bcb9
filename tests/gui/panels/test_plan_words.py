"""What is copied does the same as the plan it was copied from."""

import shlex
from pathlib import Path
from typing import Any

import pytest

from gui.plan_words import LONGEST_COMMAND, command_line, snippet
from nanoprobe.cli.runs import assemble
from nanoprobe.plan import Plan

PLANS = {
    "defaults": Plan(procedure="trigger-ramp"),
    "units and quotes": Plan(
        procedure="trigger-ramp", sample="it's LLZO", operator='A "B"', parameters={"force": "60 nN", "x": 1e-6}
    ),
    "a list of places": Plan(
        procedure="trigger-map", parameters={"points": [[1e-6, -2e-6], [0.0, 3.5e-7]], "map_first": True}
    ),
}


def parsed(line: str) -> tuple[Plan, Path]:
    """Read a command line as the command does."""
    words = shlex.split(line)
    assert words[:2] == ["nanoprobe", "run"]
    options: dict[str, list[str]] = {}
    for name, value in zip(words[3::2], words[4::2], strict=True):
        options.setdefault(name, []).append(value)
    plan = assemble(words[2], options["--bench"][0], options.get("--set", []), None)
    return plan, Path(options["--out"][0])


@pytest.mark.parametrize("plan", PLANS.values(), ids=PLANS)
def test_the_command_line_is_the_same_plan(plan: Plan) -> None:
    found, out = parsed(command_line(plan, Path("a run.zarr"), windows=False))
    assert found.digest() == plan.digest()
    assert (found.sample, found.operator, out) == (plan.sample, plan.operator, Path("a run.zarr"))


@pytest.mark.parametrize("plan", PLANS.values(), ids=PLANS)
def test_the_snippet_is_the_same_plan(plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[tuple[Plan, str]] = []

    def run(plan: Plan, out: str) -> Any:
        ran.append((plan, out))
        return type("Ended", (), {"status": "finished", "path": out})

    monkeypatch.setattr("nanoprobe.engine.execute", run)
    exec(compile(snippet(plan, Path("a.zarr")), "snippet", "exec"), {})
    assert ran == [(plan, "a.zarr")]


def test_a_plan_too_long_for_a_shell_is_taken_from_its_file() -> None:
    many = Plan(procedure="trigger-map", parameters={"points": [[i * 1e-9, 0.0] for i in range(2000)]})
    line = command_line(many, Path("map-001.zarr"), windows=False)
    assert line == "nanoprobe run --from map-001.toml --out map-001.zarr"
    assert len(line) < LONGEST_COMMAND
