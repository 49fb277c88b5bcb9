"""What the bench panel shows of the bench: one frozen reading, taken by asking it or from what a run reports. No Qt."""

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nanoprobe.bench import Bench
from nanoprobe.records import CheckDone, FrameBegin, FrameLine, PointBegin, RampDone, Samples
from nanoprobe.roles import ScanPlan

NAN = math.nan
_CHANNELS = ("current", "height", "x", "y")


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchReading:
    """`bias` V (0 with the output off), `current` A at the electrode, `force` N, `z`, `x`, `y` m; NaN where not known.

    `engaged`: whether feedback holds the tip on the surface, None where not known. `at`: monotonic time (s).
    `seconds`: how long the bench took to answer; NaN from a run. `source`: "asked" or "run". `scan`: the image that is
    being taken; x and y are then where the present line begins.
    """

    bias: float = NAN
    current: float = NAN
    force: float = NAN
    z: float = NAN
    x: float = NAN
    y: float = NAN
    engaged: bool | None = None
    at: float = NAN
    seconds: float = NAN
    source: str = "asked"
    scan: ScanPlan | None = None


def read_bench(bench: Bench, output_on: bool) -> BenchReading:
    """Ask the bench; the source is read only with its output on: reading it would cost a relay or a range change."""
    begun = time.monotonic()
    if "probe" not in bench.identities:
        return BenchReading(at=begun)
    probe = bench.probe
    names = [name for name in _CHANNELS if name in probe.channels]
    values = probe.read(*names)
    bias, current = bench.source.read() if output_on else (0.0, NAN)
    if "current" in values:
        current = bench.wiring.current(values["current"]) if math.isnan(current) else current
    x, y = _place(bench, values)
    reading = BenchReading(
        bias=bias,
        current=current,
        force=probe.force(),
        z=values.get("height", NAN),
        x=x,
        y=y,
        engaged=probe.engaged(),
        at=time.monotonic(),
    )
    return replace(reading, seconds=reading.at - begun)


def held_bias(bench: Bench | None) -> float:
    """Return the bias (V) that the bench was asked to hold; NaN where nothing can. The instruments are not asked."""
    return NAN if bench is None or not bench.description.biases else bench.source.held


def _place(bench: Bench, values: Mapping[str, float]) -> tuple[float, float]:
    return (values["x"], values["y"]) if "x" in values and "y" in values else bench.probe.position()


def after_record(reading: BenchReading, record: object, held: float = NAN) -> BenchReading:
    """Return the reading after a run reported `record`; the very same object where it says nothing new.

    `held`: the bias (V) that is held while an image is taken, which no record says.
    """
    found = _of_scan(reading.scan, record, held) or _news(record)
    if not found:
        return reading
    return replace(reading, **found, at=time.monotonic(), seconds=NAN, source="run")


def after_safe(reading: BenchReading) -> BenchReading:
    """Return the reading after everything was put into the safe state: bias 0, the tip, where there is one, withdrawn."""
    up = None if reading.engaged is None else False
    return BenchReading(bias=0.0, x=reading.x, y=reading.y, engaged=up, at=time.monotonic(), source="run")


def _news(record: object) -> dict[str, Any]:
    if isinstance(record, Samples) and len(record.bias):
        return {"bias": float(record.bias[-1]), "current": float(record.current[-1]), "engaged": True}
    if isinstance(record, PointBegin):
        return {"x": record.x, "y": record.y, "engaged": True, "scan": None}
    if isinstance(record, RampDone):
        return {"bias": 0.0, "current": NAN, "force": record.values.get("force", NAN)}
    if isinstance(record, CheckDone):
        return {name: record.values.get(name, NAN) for name in ("x", "y", "force")}
    return {}


def _of_scan(scan: ScanPlan | None, record: object, held: float) -> dict[str, Any]:
    """Return what an image that begins, or a line of it, says."""
    if isinstance(record, FrameBegin):
        nothing = dict.fromkeys(("current", "force", "z", "x", "y"), NAN)
        return {**nothing, "scan": record.plan, "bias": held, "engaged": True}
    if not isinstance(record, FrameLine):
        return {}
    values = record.line.values
    channels = {"current": "current", "z": "height"}
    found = {ours: _last(values[name]) for ours, name in channels.items() if name in values}
    if scan is not None:
        along, up = -scan.frame.width / 2, ((record.line.index + 0.5) / scan.lines - 0.5) * scan.frame.height
        found["x"], found["y"] = (float(value) for value in scan.frame.to_scanner(np.array([[along, up]]))[0])
    return {**found, "bias": held}


def _last(line: NDArray[np.float32]) -> float:
    return float(line[0, -1])
