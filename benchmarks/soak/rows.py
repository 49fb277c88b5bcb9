"""What a soak found, a row each, kept beside the page that shows them."""

import json
import os
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

FOLDER = Path(__file__).parent / "rows"
"""One JSON file a row."""


@dataclass(frozen=True)
class Row:
    """`name` of the soak (`python -m benchmarks.soak NAME`), what was tried, how often, and what came of it."""

    name: str
    what: str
    often: str
    outcome: str

    def save(self) -> None:
        """Keep the row, with the day it was measured and how busy the machine was."""
        load = f"{os.getloadavg()[0]:.0f}" if hasattr(os, "getloadavg") else "unknown"
        day = datetime.now(UTC).date().isoformat()
        FOLDER.mkdir(exist_ok=True)
        content = {**asdict(self), "measured": day, "load": load}
        (FOLDER / f"{self.name}.json").write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
