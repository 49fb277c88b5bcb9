"""Ramps of 600 samples on the source-meter's own trigger model: `python ramping.py BENCH.toml RAMPS`.

Prints the processor time of the thread that runs them (ms a ramp: all but waiting) and the questions asked a ramp.
"""

import json
import sys
import time
from pathlib import Path
from unittest.mock import patch

from benchmarks.side_by_side.stepping import END
from drivers.wire import Wire
from nanoprobe.bench import open_bench
from nanoprobe.roles import RampPlan, TripWay

SAMPLES, RATE = 600, 400.0


def main() -> None:
    """Run the ramps and print the figures."""
    ramps, taken = int(sys.argv[2]), []
    take = Wire.take

    def counted(wire: Wire, count: int, line: bool, seconds: float) -> bytes | None:
        taken.append(count)
        return take(wire, count, line, seconds)

    plan = RampPlan(
        start=0.0,
        stop=-END,
        rate=END * RATE / SAMPLES,
        sample_interval=1 / RATE,
        trip_current=1e-9,
        compliance=10e-9,
        hold=0.0,
    )
    with open_bench(str(Path(sys.argv[1]))) as bench, patch.object(Wire, "take", counted):
        source = bench.source
        source.prepare(plan, TripWay.SOURCE_METER)
        begun, before = time.thread_time(), len(taken)
        for _ in range(ramps):
            source.prepare(plan, TripWay.SOURCE_METER)
            done = source.ramp(plan, TripWay.SOURCE_METER, lambda: None, lambda *_: None)
            assert len(done.time) >= SAMPLES
        spent = time.thread_time() - begun
    figures = {"ms": 1e3 * spent / ramps, "us": 1e6 * spent / ramps / SAMPLES, "trips": (len(taken) - before) / ramps}
    sys.stdout.write(json.dumps(figures) + "\n")


if __name__ == "__main__":
    main()
