"""An opened bench: its instruments connected, identified, limited, and reachable only through guards."""

import logging
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, cast

from nanoprobe.benchfile import BenchFile, InstrumentTable, read_bench_file
from nanoprobe.biasing import Biasing
from nanoprobe.errors import BadInput, NanoprobeError, Unreachable
from nanoprobe.guard import LEASE, Guard
from nanoprobe.guarded_potentiostat import GuardedPotentiostat
from nanoprobe.guarded_probe import GuardedProbe
from nanoprobe.interlock import Interlock
from nanoprobe.limits import Limits
from nanoprobe.plugins import Role, bench_starter, driver, find, load_meanwhile, suggest
from nanoprobe.potentiostat import Potentiostat
from nanoprobe.recording import BenchTaps, Recorder, tapped_by
from nanoprobe.roles import BiasSource, Probe, SourceMeter
from nanoprobe.safe_state import SafeReport, SafeStep, make_safe
from nanoprobe.siblings import check_siblings
from nanoprobe.wiring import Source

_log = logging.getLogger(__name__)


class Bench:
    """The instruments of one bench file, opened. Made by `open_bench`."""

    def __init__(
        self,
        description: BenchFile,
        source_meter: SourceMeter | None,
        probe: Probe | None,
        guard: Guard | None = None,
        recorder: Recorder | None = None,
        potentiostat: Potentiostat | None = None,
    ) -> None:
        self.description = description
        self.recorder = recorder
        self.tip_folder: Path | None = None
        """Where the records of tips are kept; None: in the user's own folder."""
        self.used = False
        """Whether a run has begun on it since it was opened."""
        self.wiring = description.wiring
        self.limits: Limits = description.limits
        self.interlock = Interlock()
        self.guard = guard
        self._source_meter = source_meter
        self._probe = probe
        self._guarded = probe and GuardedProbe(probe, self.limits, self.interlock, self.lease, description.atmosphere)
        self._potentiostat = potentiostat
        self._guarded_cell = potentiostat and GuardedPotentiostat(potentiostat, self.limits, self.interlock, self.lease)
        self._biasing = (
            Biasing(self._wired_source(), self.wiring, self.limits, self.interlock) if description.biases else None
        )

    def _wired_source(self) -> BiasSource:
        if self.wiring.bias_source is Source.SOURCE_METER:
            return cast(SourceMeter, self._source_meter)
        return cast(Probe, self._probe).bias_source()

    @property
    def name(self) -> str:
        """The bench's name."""
        return self.description.bench.name

    @property
    def simulated(self) -> bool:
        """Whether this is a simulated lab."""
        return self.description.bench.simulated

    @property
    def probe(self) -> Probe:
        """The guarded probe. Raises BadInput where the bench has none."""
        if self._guarded is None:
            raise BadInput(f"bench '{self.name}' has no probe: add [instruments.probe] to its bench file")
        return self._guarded

    @property
    def source(self) -> Biasing:
        """The wired bias source. Raises BadInput where the bench has none."""
        if self._biasing is None:
            raise BadInput(f"bench '{self.name}' has no bias source: add [instruments.source_meter] to its bench file")
        return self._biasing

    @property
    def potentiostat(self) -> Potentiostat:
        """The guarded potentiostat. Raises BadInput where the bench has none."""
        if self._guarded_cell is None:
            raise BadInput(f"bench '{self.name}' has no potentiostat: add [instruments.potentiostat] to its bench file")
        return self._guarded_cell

    @property
    def identities(self) -> dict[str, str]:
        """What each instrument says it is, by role."""
        found = {"source_meter": self._source_meter, "probe": self._probe, "potentiostat": self._potentiostat}
        return {role: instrument.identity for role, instrument in found.items() if instrument is not None}

    def preamp_current(self) -> float:
        """Read the electrode current (A) at the preamp."""
        return self.wiring.current(self.probe.read("current")["current"])

    def force_and_current(self) -> tuple[float, float]:
        """Read the force (N) and the electrode current (A) at the preamp, both of one moment."""
        force, current = self.probe.force_and_current()
        return force, self.wiring.current(current)

    def lease(self, seconds: float = LEASE) -> None:
        """Take time from the guard, where there is one, for a wait of up to `seconds`."""
        if self.guard is not None:
            self.guard.lease(seconds)

    def program_limits(self) -> None:
        """Put the hard limits into the instruments and hold whatever is not the wired source at 0."""
        if self._potentiostat is not None:
            self._potentiostat.off()
        if self._source_meter is not None:
            self._source_meter.off()
            self._source_meter.program_limits(bias=self.limits.bias, current=self.limits.current)
        if self._probe is not None:
            self._probe.program_limits(force=self.limits.force, current=self.limits.current)
            self._zero_controller_bias(self._probe)

    def _zero_controller_bias(self, probe: Probe) -> None:
        probe.safe_bias()
        left = probe.read("bias")["bias"]
        if abs(left) > _BIAS_TOLERANCE:
            raise BadInput(
                f"the controller's bias reads {left:.3g} V after it was set to 0 V: look at its bias offset and "
                f"modulation before going on"
            )

    def prepare_run(self) -> None:
        """Bring a bench that was used before to where it was when it was opened, so that a run depends on nothing earlier."""
        if self.used:
            self.program_limits()
        self.used = True

    def leave(self) -> None:
        """Output off, and the source-meter asked whether it is. Raises InstrumentError or Unreachable where not."""
        self.switch_off()
        if self._source_meter is not None:
            self._source_meter.confirm_off()
        if self._potentiostat is not None:
            self._potentiostat.confirm_off()

    def switch_off(self) -> None:
        """Every output off: the bias source, and the cell whatever became of that."""
        try:
            if self._biasing is not None:
                self._biasing.off()
        finally:
            if self._potentiostat is not None:
                self._potentiostat.off()

    def safe_state(self, reason: str) -> SafeReport:
        """Put everything into the safe state; never raises, says what worked."""
        return make_safe(reason, self.wiring, self._source_meter, self._probe, self._potentiostat)


_BIAS_TOLERANCE = 5e-3
"""What a controller's bias may read (V) when it was set to 0."""


@contextmanager
def bench_file(where: str | Path, **demo_options: Any) -> Iterator[Path]:
    """Yield the path of a bench file: of a TOML file as it is, of a named bench started for the time of the block."""
    path = find_bench(where)
    if path is None:
        load_meanwhile("drivers", "procedures")
        with ExitStack() as stack:
            try:
                started = stack.enter_context(bench_starter(str(where))(**demo_options))
            except RuntimeError as error:
                raise Unreachable(f"bench '{where}': {error}") from error
            yield Path(started)
        return
    yield path


def find_bench(where: str | Path) -> Path | None:
    """Return the path of a bench file, None for a named bench. Raises BadInput where there is neither."""
    named = find("benches")
    if str(where) in named:
        return None
    path = Path(where)
    if not path.exists():
        raise BadInput(f"bench '{where}': no such file, and no bench has that name; {suggest(str(where), named)}")
    return path


@contextmanager
def open_bench(where: str | Path = "demo", **demo_options: Any) -> Iterator[Bench]:
    """Open a bench by file or name for the time of the block.

    Leaving the block normally leaves the tip in contact and the outputs off; leaving it by an exception makes safe.
    Raises BadInput for a bad bench file, Unreachable when an instrument is not there or is another model.
    """
    check_siblings("drivers")
    with bench_file(where, **demo_options) as path, open_description(read_bench_file(path)) as bench:
        yield bench


@contextmanager
def open_description(description: BenchFile) -> Iterator[Bench]:
    """Open an already read bench for the time of the block; see `open_bench`."""
    recorder = Recorder() if description.bench.record else None
    with connected(description, recorder, recorder) as bench:
        try:
            if bench.guard is not None:
                bench.guard.ready()
            bench.program_limits()
            if recorder is not None:
                recorder.opened()
            yield bench
            bench.leave()
        except BaseException as error:
            bench.safe_state(f"leaving the bench after {type(error).__name__}")
            raise


@contextmanager
def connected(description: BenchFile, taps: BenchTaps | None, recorder: Recorder | None = None) -> Iterator[Bench]:
    """Connect the instruments of a bench for the time of the block, and no more: no limits, no safe state at the end.

    `taps` hear every link.
    """
    with ExitStack() as stack:
        guard = Guard(description) if description.bench.guard else None
        if guard is not None:
            stack.callback(guard.dismiss)
        opened = {}
        for role, table in description.instruments.items():
            with tapped_by(None if taps is None else taps.of(role, table.driver)):
                opened[role] = _open(stack, table)
        yield Bench(
            description,
            cast(SourceMeter | None, opened.get("source_meter")),
            cast(Probe | None, opened.get("probe")),
            guard,
            recorder,
            cast(Potentiostat | None, opened.get("potentiostat")),
        )


def make_bench_safe(description: BenchFile, reason: str) -> SafeReport:
    """Reach each instrument by itself and put it into the safe state; one that is out of reach is a failed step."""
    opened: dict[str, Role] = {}
    missing = []
    with ExitStack() as stack:
        for role, table in description.instruments.items():
            try:
                opened[role] = _open_freed(stack, table)
            except NanoprobeError as error:
                missing.append(SafeStep(f"{role} reached", 0.0, str(error)))
        report = make_safe(
            reason,
            description.wiring,
            cast(SourceMeter | None, opened.get("source_meter")),
            cast(Probe | None, opened.get("probe")),
            cast(Potentiostat | None, opened.get("potentiostat")),
        )
    return SafeReport(reason, (*missing, *report.steps))


def _open(stack: ExitStack, table: InstrumentTable) -> Role:
    chosen = driver(table.driver)
    instrument = chosen.open(table.resource, chosen.options.model_validate(table.options))
    stack.callback(_close_quietly, instrument)
    return instrument


def _open_freed(stack: ExitStack, table: InstrumentTable) -> Role:
    """Open an instrument to make it safe: where its only place is taken by a client that is dead, that one is dropped."""
    try:
        return _open(stack, table)
    except Unreachable as error:
        chosen = driver(table.driver)
        if not chosen.free(table.resource, chosen.options.model_validate(table.options)):
            raise
        _log.warning("%s; whoever held it was dropped, to make it safe", error)
        return _open(stack, table)


def _close_quietly(instrument: Role) -> None:
    try:
        instrument.close()
    except NanoprobeError as error:
        _log.warning("closing an instrument failed: %s", error)
