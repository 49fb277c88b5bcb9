"""One level held by the host while the controller's TCP logger streams what flows: dense samples for growth and healing."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from drivers.nanonis_signals import Signals
from drivers.nanonis_tcp_log import BASE_RATE, MOST_OVERSAMPLING, NAME, TcpLogger
from nanoprobe.errors import InstrumentError, InstrumentTimeout, SourceFault
from nanoprobe.roles import Array, Watch
from nanoprobe.units import si
from nanoprobe.waveform import OnReadings, Runner, Waveform, WaveformEnd

if TYPE_CHECKING:
    from drivers.nanonis_session import NanonisSession
    from drivers.nanonis_spectroscopy import ControllerBias

SHOWN = 0.5
"""The bias is on while its samples show this part of the level or more."""
LEAST_LEVEL = 10e-3
"""Smallest bias (V) that is told from none in a sample."""
LONGEST_STEP = 1.0
"""Longest time (s, of the stream) until the samples show that the bias has gone on, or off."""
SILENCE = 2.0
"""Longest time (s) without a frame that is due."""
MOST_EMPTY = 20_000
"""Looks in a row without a frame before that is silence as well, whatever the clock says: in a replay it may stand."""
DEADLINE_FACTOR, DEADLINE_SLACK = 2.0, 30.0
"""It may take so many times its planned duration, and so much more (s)."""
NOTHING = np.empty((3, 0))
"""No sample: time, bias, current."""
NO_CURRENT = 2.0
"""So many times the preamp's range is no current: another channel was logged."""
OVERLOAD = 0.99
"""From this part of the preamp's range on a current may be any larger one."""


def oversampling(plan: Waveform) -> int:
    """Return how many of the logger's samples make one of the plan's."""
    return round(plan.steps[0].dwell * BASE_RATE)


def unfit(plan: Waveform) -> str:
    """Say why the logger does not serve this plan, whatever the instrument; "" where it does."""
    if len(plan.steps) != 1 or not plan.steps[0].read or plan.forced_current:
        return "the TCP logger serves one level of bias only"
    if 0.0 < abs(plan.steps[0].level) < LEAST_LEVEL:
        return f"a bias below {si(LEAST_LEVEL, 'V')} is not told from none in the TCP logger's samples"
    if not 1 <= oversampling(plan) <= MOST_OVERSAMPLING:
        return (
            f"the TCP logger takes {BASE_RATE / MOST_OVERSAMPLING:g} to {BASE_RATE:g} samples a second, "
            f"{1 / plan.steps[0].dwell:.3g} are asked for"
        )
    return ""


class LoggedLevel:
    """Holds the levels of one controller; `pause` (s) between two looks at the stream."""

    def __init__(
        self, source: "ControllerBias", work: "NanonisSession", signals: Signals, logger: TcpLogger, pause: float
    ) -> None:
        self._source = source
        self._work = work
        self._signals = signals
        self._logger = logger
        self._pause = pause
        self._heard = 0.0
        self._empty = 0

    def hindrance(self, plan: Waveform) -> str:
        """Get ready for `plan`; return why the logger cannot serve it, "" where it can."""
        channels = [self._signals.signal(name).index for name in ("current", "bias")]
        return unfit(plan) or self._logger.hindrance(channels, oversampling(plan))

    def run(self, plan: Waveform, watch: Watch, on_readings: OnReadings) -> WaveformEnd:
        """Run a plan that nothing hinders; bias 0 and the logger stopped when it returns or raises."""
        try:
            return self._follow(plan, watch, on_readings)
        finally:
            try:
                self._source.off()
            finally:
                self._logger.stop()

    def _follow(self, plan: Waveform, watch: Watch, on_readings: OnReadings) -> WaveformEnd:
        taken = Taken(plan, self._logger.period, self._signals.current_range())
        self._logger.start()
        started = self._heard = self._work.moment()
        while not len(self._look()):  # nothing is biased before the stream is known to come
            watch()
            self._rest()
        self._source.hold(plan.steps[0].level, plan.compliance)
        while True:
            watch()
            taken.add(self._look())
            if taken.hand_on(on_readings) or taken.count >= taken.planned:
                break
            self._check_time(started, plan)
            self._rest()
        self._source.off()
        while not taken.ended:
            taken.add_last(self._look())
            self._rest()
        taken.hand_on(on_readings)
        return WaveformEnd(runner=Runner.LOGGER, readings=taken.count, stopped=taken.stopped)

    def _look(self) -> Array:
        samples, now = self._logger.look(), self._work.moment()
        self._empty = 0 if len(samples) else self._empty + 1
        if len(samples):
            self._heard = now
        elif now - self._heard > SILENCE + 2 * self._logger.period or self._empty > MOST_EMPTY:
            raise InstrumentTimeout(
                f"{NAME}: nothing has come for {si(now - self._heard, 's')}; it says it is '{self._logger.state}'"
            )
        return samples

    def _rest(self) -> None:
        if self._pause:
            self._work.rest(self._pause)

    def _check_time(self, started: float, plan: Waveform) -> None:
        passed = self._work.moment() - started
        if passed > DEADLINE_FACTOR * plan.duration + DEADLINE_SLACK:
            raise InstrumentTimeout(
                f"{NAME}: samples for {plan.duration:.3g} s have not come within {passed:.3g} s; the bias is switched off"
            )


class Taken:
    """The samples of one level, from the first that shows it to the last; `period` s between two, `span` A of the preamp."""

    def __init__(self, plan: Waveform, period: float, span: float) -> None:
        self._level = plan.steps[0].level
        self._stop = plan.stop_current
        self._period = period
        self._span = span
        self._new = NOTHING
        self._waited = self.count = 0
        self.planned = max(1, round(plan.duration / period))
        self.stopped = False
        """Whether a sample was above the stop current, or whoever took them wanted the end."""
        self.ended = False
        """Whether the bias is seen to be off."""

    def add(self, samples: Array) -> None:
        """Take samples, shape (n, 2): current (A), bias (V); those before the bias is on are none of this level.

        Raises SourceFault where the bias is not what was set, InstrumentError where the current cannot be one.
        """
        if not self.count:
            on = np.logical_or.accumulate(self._shows(samples))
            self._wait(samples, on)
            samples = samples[on]
        self._keep(samples)

    def add_last(self, samples: Array) -> None:
        """Take samples that come behind the bias being set to 0 V: what still flowed counts, what comes then does not."""
        on = np.logical_and.accumulate(self._shows(samples)) & bool(self._level)
        self.ended = not self._level or not on.all()
        self._wait(samples, ~on)
        self._keep(samples[on])

    def _shows(self, samples: Array) -> NDArray[np.bool_]:
        return np.asarray(np.abs(samples[:, 1]) >= SHOWN * abs(self._level))

    def _wait(self, samples: Array, arrived: NDArray[np.bool_]) -> None:
        """Count samples that do not show yet what was set."""
        self._waited = 0 if arrived.any() else self._waited + len(samples)
        if (seconds := self._waited * self._period) > LONGEST_STEP + 2 * self._period:
            raise SourceFault(
                f"{NAME}: {si(seconds, 's')} after the bias was changed (to {si(self._level, 'V')}, or to 0 V at the end) "
                f"{si(float(samples[-1, 1]), 'V')} is shown: look at the bias module, and whether the logger counts its channels "
                f"as Signals.NamesGet does; logger_port = 0 in the bench file does without it"
            )

    def _keep(self, samples: Array) -> None:
        if not len(samples):
            return
        current, bias = samples.T
        if (peak := float(np.max(np.abs(current)))) > NO_CURRENT * self._span:
            raise InstrumentError(
                f"{NAME}: a current of {si(peak, 'A')} is shown where the preamp ends at {si(self._span, 'A')}: another channel "
                f"was logged; logger_port = 0 in the bench file does without it"
            )
        current = np.where(np.abs(current) < OVERLOAD * self._span, current, np.nan)
        time = self._period * np.arange(self.count + 1, self.count + len(samples) + 1)
        self._new = np.append(self._new, [time, bias, current], axis=1)
        self.count += len(samples)
        self.stopped |= self._stop is not None and not bool(np.all(np.abs(current) <= self._stop))

    def hand_on(self, on_readings: OnReadings) -> bool:
        """Hand on what is new; say whether it is to end: whoever takes the samples judges the charge by them."""
        if len(self._new[0]):
            new, self._new = self._new, NOTHING
            self.stopped |= on_readings(*new)
        return self.stopped
