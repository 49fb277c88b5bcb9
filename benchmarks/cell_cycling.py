"""How fast a full cell is cycled on the simulated lab at pace 0, and how fast data packages are read.

`python benchmarks/cell_cycling.py` (`--cycles N`, 300 by default). The lab runs in a process of its own.
"""

import argparse
import resource
import tempfile
import time
from pathlib import Path

from drivers.methodscript_packages import parse_package
from nanoprobe import Plan, open_run
from nanoprobe.bench import open_bench
from nanoprobe.engine import execute_on

PACKAGE = "PebA486960u;ab832A4D8u,10,206;db8022AD0n,10,21B"
PACKAGES = 200_000


def packages_a_second() -> float:
    """Return how many packages of three variables are read a second of CPU time."""
    begun = time.process_time()
    for _ in range(PACKAGES):
        parse_package(PACKAGE)
    return PACKAGES / (time.process_time() - begun)


def cycle(cycles: int) -> None:
    plan = Plan(procedure="galvanostatic-cycling", parameters={"cell": "full", "cycles": cycles})
    with tempfile.TemporaryDirectory() as folder:
        with open_bench("demo", sample="ppc", cell="lfp", seed=1) as bench:
            wall, cpu = time.monotonic(), time.process_time()
            outcome = execute_on(plan, bench, Path(folder) / "run.zarr")
            wall, cpu = time.monotonic() - wall, time.process_time() - cpu
        if outcome.error is not None:
            raise outcome.error
        lab = resource.getrusage(resource.RUSAGE_CHILDREN)
        with open_run(outcome.path) as run:
            samples = run.tables["series"].sizes["sample"]
        files = sum(1 for each in outcome.path.rglob("*") if each.is_file())
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print("| cycles | samples | wall s | app's CPU s | lab's CPU s (start included) | files | peak MiB |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    print(
        f"| {cycles} | {samples} | {wall:.1f} | {cpu:.1f} | {lab.ru_utime + lab.ru_stime:.1f} | {files} | {peak:.0f} |"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cycles", type=int, default=300)
    options = parser.parse_args()
    cycle(options.cycles)
    print(f"\nPackages of three variables read: {packages_a_second():,.0f} a second of CPU time.")


if __name__ == "__main__":
    main()
