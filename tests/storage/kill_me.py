"""A process that writes a run for ever and says what it committed; its parent kills it. Argument: path, seed."""

import sys
from pathlib import Path

import numpy as np

from nanoprobe.geometry import Frame
from nanoprobe.records import FrameBegin, FrameLine, PointBegin, PointLayout, RampDone, Samples
from nanoprobe.roles import ScanLine, ScanPlan
from nanoprobe.storage import RunHeader, RunWriter


def series(point, length):
    rng = np.random.default_rng(point)
    return {name: rng.normal(size=length) for name in ("time", "bias", "bias_source", "current")}


def lines(frame, index):
    return {"current": np.random.default_rng([frame, index]).normal(size=(2, 16)).astype(np.float32)}


def header():
    empty = {name: {} for name in ("parameters", "plan", "bench", "identities", "versions", "tip")}
    texts = dict.fromkeys(("plan_sha256", "sample", "operator", "sign_convention", "started"), "")
    return RunHeader(procedure="trigger-map", simulated=True, **empty, **texts)


def say(*words):
    sys.stdout.write(" ".join(map(str, words)) + "\n")
    sys.stdout.flush()


def measure(writer, count, lines_per_frame=32):
    """Measure what is left: a frame every 20 points, each ramp in two parts."""
    writer.record(PointLayout(np.arange(count) * 1e-6, np.zeros(count), 40))
    frame = writer.next_frame
    for step, point in enumerate(sorted(set(range(count)) - writer.completed)):
        if step % 20 == 0:
            plan = ScanPlan(
                frame=Frame(x=0, y=0, width=1, height=1),
                pixels=16,
                lines=lines_per_frame,
                line_time=1.0,
                channels=("current",),
            )
            writer.record(FrameBegin(frame, plan, {"current": "A"}))
            for index in range(lines_per_frame):
                writer.record(FrameLine(frame, ScanLine(index, lines(frame, index))))
                say("line", frame, index)
            frame += 1
        writer.record(PointBegin(index=point, x=point * 1e-6, y=0.0))
        say("begun", point)
        values = series(point, 40)
        writer.record(Samples(point=point, **{name: array[:17] for name, array in values.items()}))
        writer.record(RampDone(point=point, **values, values={"charge": float(point)}, way="host"))
        say("point", point)


if __name__ == "__main__":
    with RunWriter.create(Path(sys.argv[1]), header(), flush_after=0.02) as writer:
        say("open")
        measure(writer, 4000)
