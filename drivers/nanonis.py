"""SPECS Nanonis controller over its TCP protocol, as a probe: one session works, a second one can always stop it."""

import logging
import math
import re
from collections.abc import Callable, Mapping
from typing import Any

from pydantic import BaseModel

from drivers.link import Link
from drivers.nanonis_dialect import NANONIS
from drivers.nanonis_force_curve import ForceCurves
from drivers.nanonis_limits import TOLERANCE, limit_z, set_safe_tip
from drivers.nanonis_options import Options
from drivers.nanonis_scan import Scanner
from drivers.nanonis_session import NanonisSession
from drivers.nanonis_signals import Signals
from drivers.nanonis_spectroscopy import ControllerBias
from drivers.nanonis_tcp_log import TcpLogger
from drivers.nanonis_tip import Pace, Tip, withdraw
from nanoprobe.errors import InstrumentError, InstrumentTimeout, LinkLost, NanoprobeError, Unreachable
from nanoprobe.plugins import Driver
from nanoprobe.roles import (
    BiasSource,
    CurvePlan,
    ForceCalibration,
    ForceCurve,
    Probe,
    RetractCurve,
    ScanLine,
    ScanPlan,
    Spectrum,
    Watch,
)

_log = logging.getLogger(__name__)

NEWEST_LAYOUTS = 14718
"""Real-time release assumed where the controller does not tell its own."""
SAFE_WITHDRAW_TIMEOUT = 5.0
"""Deadline of withdrawing on the way into the safe state (s)."""
STOP_TIMEOUT = 1.0
"""Deadline of each of the commands that stop something (s): the tip waits behind them to be withdrawn."""
DRIFT_SATURATION = 10.0
"""Part of the scanner's range that drift compensation may use up (%)."""
DRIFT_SATURATION_SINCE = 11798


class Nanonis(NanonisSession):
    """A PyMeasure instrument that fulfils the role `Probe`; controller's own signs.

    `abort` is its second session, `stream` the VISA resource of its TCP logger.
    """

    def __init__(
        self,
        adapter: Any,
        abort: NanonisSession,
        options: Options,
        name: str = "Nanonis",
        stream: str = "",
        **kwargs: Any,
    ) -> None:
        super().__init__(adapter, name, **kwargs)
        self.abort = abort
        self.settings = options
        self._identity, self.release = self.identify()
        self.release = options.release or self.release
        self.signals = Signals(self, options.channels)
        pace = Pace(options.poll_interval, options.approach_timeout, options.speed)
        self.tip = Tip(self, self.signals, options.calibration, options.feedback, pace)
        self._curves = ForceCurves(self, abort, self.signals, self.tip)
        self._scanner = Scanner(self, self.signals, self.release, by_clock=options.poll_interval > 0)
        self._logger = TcpLogger(self, stream, options.timeout)
        self._bias = ControllerBias(self, abort, self.signals, self._logger, options.poll_interval)
        self._scanner_range: float | None = None

    def identify(self) -> tuple[str, int]:
        """Return product and version, and the real-time release. Raises Unreachable for something else."""
        product, version, host, real_time = self.call("Util.VersionGet", returns="s s I I")
        if "nanonis" not in product.lower():
            raise Unreachable(
                f"expected a Nanonis controller but '{product}' answers; check the resource in the bench file"
            )
        release = real_time or host or _number(version) or NEWEST_LAYOUTS
        return f"{product} {version} (host R{host}, real time R{real_time})", release

    @property
    def identity(self) -> str:
        """Product, version and release."""
        return self._identity

    # --- what there is

    @property
    def acquisition_period(self) -> float:
        """Time between two published signal values (s)."""
        return self.signals.period

    @property
    def channels(self) -> Mapping[str, str]:
        """Our channel names with their SI units."""
        return self.signals.units

    @property
    def scanner_range(self) -> float:
        """Largest |x|, |y| of the scanner (m)."""
        if self._scanner_range is None:
            x, y, _ = self.call("Piezo.RangeGet", returns="f f f")
            self._scanner_range = min(x, y) / 2
        return self._scanner_range

    def read(self, *names: str) -> Any:
        """Read channels by our names (SI), published after this call. (PyMeasure's raw `read` is at `adapter.read`.)"""
        return self.signals.read(*names)

    def wait(self, seconds: float) -> None:
        """Let `seconds` pass on the controller's own clock."""
        self.signals.wait(seconds)

    # --- the tip

    def heed(self, watch: Watch) -> None:
        """From now on call `watch` while waiting for the tip; what it raises ends the wait."""
        self.tip.heed(watch)

    def check_feedback(self) -> None:
        """Raise BadInput unless deflection feedback is active and calibrated in newtons."""
        self.tip.check_feedback()

    def engaged(self) -> bool:
        """Say whether feedback holds the tip on the surface."""
        return self.tip.engaged()

    def approach(self, force: float) -> None:
        """Bring the tip from anywhere to the surface at `force` (N)."""
        self.tip.approach(force)

    def lift(self, height: float) -> None:
        """Feedback off, tip `height` (m) above where it was."""
        self.tip.lift(height)

    def land(self, force: float) -> None:
        """Feedback on at `force` (N); returns when the force is within 10 %."""
        self.tip.land(force)

    def withdraw(self) -> None:
        """Feedback off, tip fully retracted."""
        self.tip.withdraw()

    def retract_curve(self, height: float, steps: int) -> RetractCurve:
        """From contact, feedback off, retract by `height` (m) in `steps` and read the force at each; stays lifted."""
        return self.tip.retract_curve(height, steps)

    @property
    def calibration(self) -> ForceCalibration:
        """Deflection to force. Raises BadInput when the bench file has none."""
        return self.tip.calibration

    def force_curve(self, plan: CurvePlan, watch: Watch) -> ForceCurve:
        """From contact, take a force curve by Z spectroscopy; feedback holds the tip again afterwards."""
        return self._curves.take(plan, watch)

    def thermal_spectrum(self, highest: float, averages: int, watch: Watch) -> Spectrum:
        """Return the spectrum of the free lever's deflection."""
        return self._curves.thermal_spectrum(highest, averages, watch)

    def force(self) -> float:
        """Read the present force (N)."""
        return self.tip.force()

    def force_and_current(self) -> tuple[float, float]:
        """Read force (N) and preamp current (A) of one publication."""
        values = self.signals.read("deflection", "current")
        return self.tip.calibration.force(values["deflection"]), values["current"]

    def current_range(self) -> float:
        """Return the largest |current| (A) the preamp shows at its present gain."""
        return self.signals.current_range()

    def position(self) -> tuple[float, float]:
        """Read the scanner position x, y (m)."""
        return self.tip.position()

    def move_to(self, x: float, y: float) -> None:
        """Move to scanner position x, y (m) and verify."""
        self.tip.move_to(x, y)

    def scan(self, plan: ScanPlan, on_line: Callable[[ScanLine], None], watch: Watch) -> None:
        """Take an image, lines handed on as they come; stopped when `watch` or `on_line` raises."""
        self._scanner.scan(plan, on_line, watch, self.stop)

    def compensate_drift(self, vx: float, vy: float) -> None:
        """Feed forward a linear drift (m/s); 0, 0 switches the compensation off."""
        wanted = int(bool(vx or vy))
        saturation, layout = ([DRIFT_SATURATION], " f") if self.release >= DRIFT_SATURATION_SINCE else ([], "")
        self.call("Piezo.DriftCompSet", "i f f f" + layout, wanted, vx, vy, 0.0, *saturation)
        on, x, y = self.call("Piezo.DriftCompGet", returns="I f f")
        if on != wanted or math.dist((x, y), (vx, vy)) > TOLERANCE * math.hypot(vx, vy):
            raise InstrumentError(
                f"Nanonis: drift compensation is {'on' if on else 'off'} at {x:.3g}, {y:.3g} m/s after "
                f"{vx:.3g}, {vy:.3g} was set"
            )

    # --- bias and safety

    def bias_source(self) -> BiasSource:
        """Return the controller's own bias output as a source."""
        return self._bias

    def program_limits(self, *, force: float, current: float) -> None:
        """Put the safe tip's threshold at the hard limit (N, or A where it watches the current) and Z between its limits.

        Both are read back.
        """
        watches_current = self.settings.safe_tip_signal == "current"
        set_safe_tip(self, current if watches_current else self.tip.calibration.setpoint(force))
        if self.settings.z_limits is not None:
            limit_z(self, *self.settings.z_limits)

    def stop(self) -> None:
        """End scan, sweep, approach and motion at once, over the abort session; each is tried whatever the others do."""
        self.abort.revive()
        failed = []
        for command, layout, values in _STOPS:
            try:
                self.abort.call(command, layout, *values, timeout=STOP_TIMEOUT)
            except InstrumentError as error:
                _log.error("stopping: %s", error)
                failed.append(error)
        if failed:
            raise failed[0]

    def safe_bias(self) -> None:
        """Set the controller's bias to 0 V over the abort session, and end a sweep that could raise it again."""
        self._bias.off()

    def safe_withdraw(self) -> None:
        """Withdraw over the abort session, with a short deadline."""
        self.abort.revive()
        withdraw(self.abort, SAFE_WITHDRAW_TIMEOUT)

    def close(self) -> None:
        """Give the links back."""
        super().close()
        self.abort.close()
        self._logger.close()


_STOPS: tuple[tuple[str, str, tuple[int, ...]], ...] = (
    ("BiasSpectr.Stop", "", ()),
    ("ZSpectr.Stop", "", ()),
    ("Scan.Action", "H I", (1, 0)),
    ("FolMe.Stop", "", ()),
    ("AutoApproach.OnOffSet", "H", (0,)),
    ("Motor.StopMove", "", ()),
)


def _number(version: str) -> int | None:
    """Return the release in a version text such as "Generic 5 R13742"."""
    match = re.search(r"R\s?(\d{4,6})", version)
    return int(match[1]) if match else None


def open_probe(resource: str, options: BaseModel) -> Probe:
    """Connect both sessions and identify; bias to 0 V. Raises Unreachable."""
    assert isinstance(options, Options)
    links: list[Link] = []
    try:
        for name, where in (("Nanonis", resource), ("Nanonis (abort port)", options.abort_resource)):
            links.append(Link(where, name=name, timeout=options.timeout))
        work, abort = links
        stream = options.stream(resource)
        probe = Nanonis(work, NanonisSession(abort, "Nanonis (abort port)"), options, stream=stream)
        probe.safe_bias()
    except BaseException as error:
        for link in links:
            link.close()
        raise _explained(error, resource) from None
    return probe


def _explained(error: BaseException, resource: str) -> BaseException:
    """Return `error` as Unreachable where nothing, or no Nanonis, answers."""
    if isinstance(error, NanoprobeError) and isinstance(error, InstrumentTimeout | LinkLost):
        return Unreachable(
            f"no Nanonis controller answers at {resource}: {error}; is its TCP Programming Interface licensed and open at "
            f"this port (Main Options)?"
        )
    return error


DRIVER = Driver(
    name="nanonis",
    role="probe",
    summary="SPECS Nanonis controller (TCP Programming Interface), with its own bias as a second source",
    options=Options,
    open=open_probe,
    dialect=NANONIS,
)
