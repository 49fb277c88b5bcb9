"""A bench of fakes that fulfil the roles, and a recorder in place of the run engine."""

import math
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import numpy as np
import pytest

from nanoprobe.bench import Bench, open_bench
from nanoprobe.benchfile import BenchFile
from nanoprobe.control import RunControl
from nanoprobe.engine import execute_on, resume_on
from nanoprobe.errors import InstrumentError
from nanoprobe.plan import Plan
from nanoprobe.roles import (
    CurvePlan,
    ForceCalibration,
    ForceCurve,
    OnTrip,
    RampPlan,
    RampRecord,
    Reading,
    RetractCurve,
    ScanLine,
    ScanPlan,
    TripWay,
)
from nanoprobe.storage import open_run


class FakeSource:
    """A source-meter on a contact that surges at `trigger` (V at the source, positive); remembers what it was told."""

    identity = "FAKE,SOURCE"
    ways = (TripWay.SOURCE_METER, TripWay.HOST)
    current_floor = 5e-12
    current_ceiling = 95e-9

    def __init__(self) -> None:
        self.trigger: Callable[[], float] = lambda: 2.0
        self.conductance = 0.0
        self.log: list[str] = []
        self.level = 0.0
        self.on_poll: Callable[[], None] = lambda: None
        self.limiting = False
        self.rng = np.random.default_rng(1)

    def prepare(self, plan: RampPlan, way: TripWay) -> None:
        self.log.append("prepare")

    def ramp(self, plan: RampPlan, way: TripWay, watch: Any, on_samples: Any) -> RampRecord:
        self.log.append("ramp")
        levels = plan.levels()
        current = self.rng.normal(0, 1e-13, len(levels))
        risen = np.flatnonzero(np.abs(levels) >= self.trigger())
        current[risen] += np.minimum(2e-10 * 3.0 ** np.arange(len(risen)), plan.compliance)
        over = np.flatnonzero(np.abs(current) > plan.trip_current)
        end = int(over[0]) + 1 if len(over) else len(levels)
        try:
            for _ in range(0, end, 5):
                self.on_poll()
                watch()
        except BaseException:
            self.log.append("off")
            raise
        time = np.arange(end) * plan.sample_interval
        voltage, current, turn = levels[:end], current[:end], None
        if len(over) and plan.on_trip is OnTrip.RETURN:
            turn, back = end, np.linspace(voltage[-1], 0, 10)
            time = np.append(time, time[-1] + plan.sample_interval * np.arange(1, 11))
            voltage, current = np.append(voltage, back), np.append(current, back / voltage[-1] * 5e-10)
        on_samples(time, voltage, current)
        self.log.append("off")
        latency = 0.01 if len(over) else math.nan
        return RampRecord(
            time=time, voltage=voltage, current=current, way=way, tripped=bool(len(over)), trip_latency=latency,
            return_from=turn,
        )  # fmt: skip

    def hold(self, voltage: float, compliance: float) -> None:
        self.log.append(f"hold {voltage:g}")
        self.level = voltage

    def read(self) -> Reading:
        return Reading(self.level, self.level * self.conductance + float(self.rng.normal(0, 1e-13)))

    def read_many(self, count: int) -> list[Reading]:
        return [self.read() for _ in range(count)]

    def in_compliance(self) -> bool:
        return self.limiting

    def off(self) -> None:
        self.log.append("off")
        self.level = 0.0

    def confirm_off(self) -> None:
        """The output is off whenever it was told to be."""

    def program_limits(self, *, bias: float, current: float) -> None:
        self.log.append("limits")

    def close(self) -> None:
        self.log.append("close")


class FakeProbe:
    """A controller over a surface of waves; the sample moves by `drift` (m, x and y) with every second of scanning."""

    identity = "FAKE,PROBE"
    acquisition_period = 0.02
    scanner_range = 10e-6

    def __init__(self, source: FakeSource) -> None:
        self.source = source
        self.channels = {"current": "A", "height": "m", "deflection": "V", "friction": "V", "bias": "V"}
        self.place = (0.0, 0.0)
        self.contact = True
        self.setpoint = 50e-9
        self.log: list[str] = []
        self.drift = np.zeros(2)
        self.clock = 0.0
        self.fail_landings: set[int] = set()
        self.landings = 0
        self.pull = 20e-9
        self.stiffness = 2.0
        self.force_error = 0.0
        self.flat = False
        self.map_current = -1e-12
        self.preamp = -2e-12
        self.wrong_feedback: str | None = None

    def heed(self, watch: Callable[[], None]) -> None:
        """It never waits for its tip."""

    def check_feedback(self) -> None:
        if self.wrong_feedback:
            raise InstrumentError(self.wrong_feedback)

    def engaged(self) -> bool:
        return self.contact

    def approach(self, force: float) -> None:
        self._require_off("approach")
        self._touch(force)

    def lift(self, height: float) -> None:
        self._require_off("lift")
        self.contact = False

    def land(self, force: float) -> None:
        self._require_off("land")
        assert not self.contact
        self._touch(force)

    def _touch(self, force: float) -> None:
        self.landings += 1
        if self.landings in self.fail_landings:
            raise InstrumentError("fake probe: no surface within reach")
        self.contact, self.setpoint = True, force

    def _require_off(self, what: str) -> None:
        self.log.append(what)
        assert self.source.log[-1] == "off" or self.source.level == 0.0, f"{what} with a bias on"

    def withdraw(self) -> None:
        self.contact = False

    def retract_curve(self, height: float, steps: int) -> RetractCurve:
        self.contact = False
        z = np.linspace(0, height, steps)
        force = self.setpoint - self.stiffness * z
        return RetractCurve(z, np.where(force < -self.pull, 0.0, force))

    @property
    def calibration(self) -> ForceCalibration:
        return ForceCalibration(50e-9, self.stiffness)

    def force_curve(self, plan: CurvePlan, watch: Any) -> ForceCurve:
        """A straight contact line that holds to the pull-off on the way out, and is met without a jump on the way in."""
        assert self.contact
        watch()
        z = np.linspace(plan.lift, -plan.depth, plan.samples)
        line = self.setpoint - self.stiffness * z
        noise = self.source.rng.normal(0, 1e-12, (2, plan.samples))
        ways = np.where(line < 0, 0.0, line), np.where(line < -self.pull, 0.0, line)
        return ForceCurve(z, *((way / (50e-9 * self.stiffness) + part) for way, part in zip(ways, noise, strict=True)))

    def force(self) -> float:
        return self.setpoint * (1 + self.force_error)

    def force_and_current(self) -> tuple[float, float]:
        return self.force(), self.preamp

    def position(self) -> tuple[float, float]:
        return self.place

    def move_to(self, x: float, y: float) -> None:
        self._require_off("move")
        assert not self.contact, "a tip in contact must not be moved"
        self.place = (x, y)

    def read(self, *names: str) -> dict[str, float]:
        return {name: {"current": self.preamp, "height": 1e-9, "bias": 0.0}.get(name, 0.0) for name in names}

    def wait(self, seconds: float) -> None:
        self.clock += seconds

    def scan(self, plan: ScanPlan, on_line: Any, watch: Any) -> None:
        assert self.contact
        self.log.append(f"scan {plan.frame.width:g} {plan.pixels}")
        for index in range(plan.lines):
            watch()
            on_line(ScanLine(index, self._line(plan, index)))
            self.clock += 2 * plan.line_time

    def _line(self, plan: ScanPlan, index: int) -> dict[str, Any]:
        across = ((np.arange(plan.pixels) + 0.5) / plan.pixels - 0.5) * plan.frame.width
        up = ((index + 0.5) / plan.lines - 0.5) * plan.frame.height
        places = plan.frame.to_scanner(np.column_stack([across, np.full_like(across, up)])) - self.drift * self.clock
        height = self.source.rng.normal(0, 1e-10, len(across)) if self.flat else surface(places)
        current = np.full_like(across, self.map_current) - 2e-12 * ridge(places)
        values = {"height": height, "current": -current}
        return {name: np.tile(values.get(name, 0 * across), (2, 1)).astype(np.float32) for name in plan.channels}

    def compensate_drift(self, vx: float, vy: float) -> None:
        raise AssertionError("not used")

    def bias_source(self) -> Any:
        raise AssertionError("the source-meter is wired")

    def program_limits(self, *, force: float, current: float) -> None:
        self.log.append("limits")

    def stop(self) -> None:
        self.log.append("stop")

    def safe_bias(self) -> None:
        self.log.append("safe bias")

    def safe_withdraw(self) -> None:
        self.log.append("safe withdraw")
        self.contact = False

    def close(self) -> None:
        self.log.append("close")


_WAVES = np.random.default_rng(7).normal(0, 1, (40, 3))


def surface(places: np.ndarray) -> np.ndarray:
    """Return a rough height (m) that is nowhere periodic: forty waves of 0.2 to 2 um."""
    k = 2 * np.pi / 0.6e-6
    return sum(2e-9 * np.cos(k * (a * places[:, 0] + b * places[:, 1]) + 3 * c) for a, b, c in _WAVES)


def ridge(places: np.ndarray) -> np.ndarray:
    """Return 1 on a net of lines 30 nm wide with a mesh of 1.5 um, 0 elsewhere."""
    away = np.abs((places + 0.75e-6) % 1.5e-6 - 0.75e-6)
    return np.exp(-((away.min(axis=1) / 30e-9) ** 2))


class Engine:
    """Takes what a procedure emits, as the run engine does."""

    def __init__(self) -> None:
        self.emitted: list[tuple[str, Any]] = []
        self.stop_when: Callable[[str, Any], bool] = lambda topic, record: False
        self.stopped = False

    def emit(self, topic: str, record: Any) -> None:
        self.emitted.append((topic, record))
        self.stopped = self.stopped or self.stop_when(topic, record)

    def of(self, topic: str) -> list[Any]:
        return [record for name, record in self.emitted if name == topic]

    def run(self, procedure: Any, lab: Bench) -> "Engine":
        procedure.lab, procedure.emit, procedure.should_stop = lab, self.emit, lambda: self.stopped
        try:
            procedure.startup()
            procedure.execute()
        finally:
            procedure.shutdown()
        return self


@pytest.fixture
def source() -> FakeSource:
    return FakeSource()


@pytest.fixture
def probe(source: FakeSource) -> FakeProbe:
    return FakeProbe(source)


@pytest.fixture
def description() -> BenchFile:
    return BenchFile.model_validate(
        {"bench": {"name": "fakes", "simulated": True}, "tip": {"identity": "tip A"}, "instruments": {}}
    )


@pytest.fixture
def lab(description: BenchFile, source: FakeSource, probe: FakeProbe) -> Bench:
    return Bench(description, source, probe)


@pytest.fixture
def engine() -> Engine:
    return Engine()


class Session:
    """A lab with its bench open; `run` stores a run and opens it again."""

    def __init__(self, lab: Any, stack: ExitStack, folder: Any) -> None:
        self.lab, self._stack, self._folder, self._count = lab, stack, folder, 0
        self.bench = stack.enter_context(open_bench(lab.bench_file))

    def run(
        self,
        procedure: str,
        status: str = "finished",
        control: RunControl | None = None,
        events: Any = None,
        **values: Any,
    ):
        self._count += 1
        self.path = self._folder / f"run{self._count}.zarr"
        plan = Plan(procedure=procedure, bench=str(self.lab.bench_file), parameters=values)
        outcome = execute_on(plan, self.bench, self.path, events, control)
        assert outcome.status == status, outcome.error
        return self._stack.enter_context(open_run(self.path))

    def resume(self) -> Any:
        """Go on with the last run."""
        outcome = resume_on(self.path, self.bench)
        assert outcome.status == "finished", outcome.error
        return self._stack.enter_context(open_run(self.path))

    @property
    def contact(self) -> Any:
        return self.lab.call(lambda: self.lab.lab.world.contacts.present)


@pytest.fixture
def session(lab_starter) -> Iterator[Callable[..., Session]]:
    with ExitStack() as stack:

        def start(**options: Any) -> Session:
            nplc = options.pop("nplc", None)
            lab = lab_starter(**options)
            if nplc is not None:
                line = 'driver = "keithley2450"'
                lab.bench_file.write_text(lab.bench_file.read_text().replace(line, f"{line}\nnplc = {nplc}"))
            return Session(lab, stack, lab.bench_file.parent)

        yield start
