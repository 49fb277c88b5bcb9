"""Offline trigger detection over many ramps, as a multiple of np.sum over the same currents: `python benchmarks/detection.py`.

CPU time of one thread, best of `--rounds`; every ramp triggers at another place, after which its record ends (NaN).
"""

import argparse
import time

import numpy as np

from nanoprobe.analysis.trigger import Criterion, TriggerSettings, detect_map, find_triggers

GOALS = {"level": "2.5", "slope": "6"}
WHAT = {
    "level": "first sample above the level",
    "slope": "level and slope, offset and leak removed",
    "ratio": "level and exponential background, offset and leak removed",
}


def made(ramps, samples):
    """Return time, bias, current (A, shape (ramps, samples)) and lengths; noise 1 pA, offset 0.5 pA, surge 3 nA."""
    rng = np.random.default_rng(0)
    one = np.arange(samples)
    times, bias = (np.tile(one * step, (ramps, 1)) for step in (6e-3, -3e-3))
    current = rng.normal(scale=1e-12, size=(ramps, samples)) + 0.5e-12
    lengths = rng.integers(samples // 5, samples + 1, ramps)
    past = one - lengths[:, None]
    current[(past >= -2) & (past < 0)] = -3e-9
    current[past >= 0] = np.nan
    return times, bias, current, lengths


def best(call, rounds):
    """Return the least CPU time (s) of `call` and what it returned."""
    times = []
    for _ in range(rounds):
        begun = time.process_time()
        answer = call()
        times.append(time.process_time() - begun)
    return min(times), answer


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ramps", type=int, default=10_000)
    parser.add_argument("--samples", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=7)
    given = parser.parse_args()
    arrays = made(given.ramps, given.samples)
    floor, _ = best(lambda: np.sum(arrays[2]), given.rounds)
    print(f"{given.ramps} ramps x {given.samples} samples; np.sum {1e6 * floor / given.ramps:.2f} us a ramp\n")
    print("| what | us a ramp | x np.sum | goal | found |\n|---|---|---|---|---|")
    for criterion in Criterion:
        settings = TriggerSettings(criterion=criterion)
        spent, index = best(lambda s=settings: find_triggers(*arrays, s), given.rounds)
        right = np.mean(index == arrays[3] - 2)
        print(
            f"| {WHAT[criterion]} | {1e6 * spent / given.ramps:.1f} | {spent / floor:.1f} | "
            f"{GOALS.get(criterion, '-')} | {100 * right:.1f} % |"
        )
    spent, _ = best(lambda: detect_map(*arrays), 2)
    print(
        f"| all values of a verdict, charge included | {1e6 * spent / given.ramps:.1f} | {spent / floor:.1f} | - | - |"
    )


if __name__ == "__main__":
    main()
