"""The table of `docs/reference/reliability.md`, made of the rows."""

import json
from pathlib import Path

from benchmarks.soak.rows import FOLDER

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "reliability.md"
BEGIN, END = "<!-- rows of benchmarks/soak, by `python -m benchmarks.soak table` -->", "<!-- end of the rows -->"
ORDER = ("kill", "abort", "faults", "disk", "fuzz", "ramps")


def write() -> None:
    """Put the rows into the page between its two marks."""
    text = PAGE.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    PAGE.write_text(f"{before}{BEGIN}\n{table()}\n{END}{after}", encoding="utf-8")


def table() -> str:
    """Return the rows as a Markdown table."""
    lines = ["| what | how often | outcome | command | measured |", "|---|---|---|---|---|"]
    for name in ORDER:
        if (place := FOLDER / f"{name}.json").exists():
            row = json.loads(place.read_text(encoding="utf-8"))
            command, when = f"`python -m benchmarks.soak {name}`", f"{row['measured']}, load {row['load']}"
            lines.append(f"| {row['what']} | {row['often']} | {row['outcome']} | {command} | {when} |")
    return "\n".join(lines)
