"""Make the table of docs/reference/verification.md again: `make verify` (a minute)."""

import sys
from pathlib import Path

from nanoprobe.physics.verification import table, verify

PAGE = Path(__file__).parent / "reference" / "verification.md"
MARK = "<!-- made by make verify -->\n"


def main() -> None:
    """Compute every case and write the table behind the mark."""
    made = table(verify(watch=lambda name: print(name, file=sys.stderr)))  # noqa: T201
    head, _, _ = PAGE.read_text(encoding="utf-8").partition(MARK)
    PAGE.write_text(head + MARK + made, encoding="utf-8")


if __name__ == "__main__":
    main()
