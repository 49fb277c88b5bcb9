"""`python -m benchmarks.soak NAME`: one soak, or `table` for the page made of what they found."""

import argparse

from benchmarks.soak import abort, disk, faults, fuzz, kill, ramps, table


def main() -> None:
    """Run what was asked for, and keep its row."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.soak", description=__doc__)
    add = parser.add_subparsers(dest="name", required=True).add_parser
    for name, count, about in (
        ("kill", 300, "kill -9 of the app at random instants"),
        ("disk", 100, "a full disk at random offsets"),
        ("fuzz", 1_000_000, "broken input for every parser; so many each"),
        ("abort", 100, "an abort in a ramp: how soon the output is off"),
        ("ramps", 100_000, "ramps in one process"),
    ):
        each = add(name, help=about)
        each.add_argument("--count", type=int, default=count)
        if name == "kill":
            each.add_argument("--workers", type=int, default=2)
        if name == "fuzz":
            each.add_argument("--parser", action="append", help="only these")
    add("faults", help="every fault at several moments of every procedure")
    add("table", help="write the rows into docs/reference/reliability.md")
    asked = parser.parse_args()
    if asked.name == "table":
        table.write()
        return
    row = {
        "kill": lambda: kill.soak(asked.count, asked.workers),
        "disk": lambda: disk.soak(asked.count),
        "fuzz": lambda: fuzz.soak(asked.count, asked.parser),
        "abort": lambda: abort.soak(asked.count),
        "ramps": lambda: ramps.soak(asked.count),
        "faults": faults.soak,
    }[asked.name]()
    row.save()
    print(row.outcome)


if __name__ == "__main__":
    main()
