"""Module SpectrumAnlzr: power spectra of one signal, averaged while it runs.

Commands and arguments are those SPECS' own client (nanonis-spm 1.0.9) reads and writes. Assumed here: the data are an
amplitude density (signal/sqrt(Hz)), and every average adds one stretch of 1/resolution seconds.
"""

import math

import numpy as np

from sim_instruments.nanonis.acquisition import Floats, check_signals
from sim_instruments.nanonis.codes import one_of
from sim_instruments.nanonis.controller import Controller
from sim_instruments.nanonis.registry import CommandError, Cost, Module, command
from sim_instruments.nanonis.signals import DEFLECTION, NAMES, READOUT_BANDWIDTH, READOUT_NOISE
from sim_instruments.timeline import Session

INSTANCES = 2
RANGES = (2e6, 1e6, 500e3, 200e3, 100e3, 50e3, 20e3)
"""Highest frequency (Hz)."""
LINES = (512, 1024, 2048, 4096, 8192)
"""Points of a spectrum; the resolution is the range over them."""
WINDOWS = 7
DETECTOR = 100e-15
"""Noise of the optical detection (m/sqrt(Hz)); the building shakes on top of it below some kHz."""
LINEAR, EXPONENTIAL = 0, 1


class Analyzer:
    """One spectrum analyzer's settings."""

    def __init__(self) -> None:
        self.channel = self.range = self.window = 0
        self.resolution = 3
        self.mode, self.weighting, self.count = 1, LINEAR, 100
        self.coupled = False
        self.started: float | None = None

    @property
    def step(self) -> float:
        """Distance of two points (Hz)."""
        return RANGES[self.range] / LINES[self.resolution]

    def frequencies(self) -> Floats:
        """Return the frequency of each point (Hz)."""
        return self.step * np.arange(LINES[self.resolution], dtype=np.float64)


class SpectrumAnlzr(Module):
    """Two analyzers. Only the deflection has a spectrum of its own; any other signal shows its readout noise."""

    def __init__(self, controller: Controller) -> None:
        super().__init__(controller)
        self._analyzers = [Analyzer() for _ in range(INSTANCES)]

    def _at(self, instance: int) -> Analyzer:
        return self._analyzers[one_of(instance, INSTANCES, "Spectrum Analyzer", first=1) - 1]

    @command("SpectrumAnlzr.ChSet", "i i", cost=Cost.SET)
    def set_channel(self, _: Session, instance: int, channel: int) -> None:
        """Choose the signal."""
        (self._at(instance).channel,) = check_signals([channel])

    @command("SpectrumAnlzr.ChGet", "i", "i")
    def channel(self, _: Session, instance: int) -> tuple[int]:
        """Return the signal."""
        return (self._at(instance).channel,)

    @command("SpectrumAnlzr.FreqRangeSet", "i i", cost=Cost.SET)
    def set_range(self, _: Session, instance: int, index: int) -> None:
        """Choose one of the frequency ranges."""
        self._at(instance).range = one_of(index, len(RANGES), "Range index")

    @command("SpectrumAnlzr.FreqRangeGet", "i", "i af")
    def range(self, _: Session, instance: int) -> tuple[int, tuple[float, ...]]:
        """Return the chosen range and all there are (Hz)."""
        return self._at(instance).range, RANGES

    @command("SpectrumAnlzr.FreqResSet", "i H", cost=Cost.SET)
    def set_resolution(self, _: Session, instance: int, index: int) -> None:
        """Choose one of the resolutions."""
        self._at(instance).resolution = one_of(index, len(LINES), "Resolution index")

    @command("SpectrumAnlzr.FreqResGet", "i", "H af")
    def resolution(self, _: Session, instance: int) -> tuple[int, list[float]]:
        """Return the chosen resolution and all there are at the present range (Hz)."""
        analyzer = self._at(instance)
        return analyzer.resolution, [RANGES[analyzer.range] / lines for lines in LINES]

    @command("SpectrumAnlzr.FFTWindowSet", "i H", cost=Cost.SET)
    def set_window(self, _: Session, instance: int, index: int) -> None:
        """Choose the window; spectra here are those of an endless stretch and do not depend on it."""
        self._at(instance).window = one_of(index, WINDOWS, "FFT window index")

    @command("SpectrumAnlzr.FFTWindowGet", "i", "H")
    def window(self, _: Session, instance: int) -> tuple[int]:
        """Return the window."""
        return (self._at(instance).window,)

    @command("SpectrumAnlzr.AveragSet", "i H H I", cost=Cost.SET)
    def set_averaging(self, _: Session, instance: int, mode: int, weighting: int, count: int) -> None:
        """Set averaging 0 none, 1 vector, 2 rms, 3 peak hold; weighting 0 linear, 1 exponential; how many."""
        analyzer = self._at(instance)
        analyzer.mode, analyzer.weighting = one_of(mode, 4, "Averaging mode"), one_of(weighting, 2, "Weighting mode")
        analyzer.count = max(1, count)

    @command("SpectrumAnlzr.AveragGet", "i", "H H I")
    def averaging(self, _: Session, instance: int) -> tuple[int, int, int]:
        """Return what AveragSet sets."""
        analyzer = self._at(instance)
        return analyzer.mode, analyzer.weighting, analyzer.count

    @command("SpectrumAnlzr.ACCouplingSet", "i I", cost=Cost.SET)
    def set_coupling(self, _: Session, instance: int, on: int) -> None:
        """Switch AC coupling: takes the mean away, which the spectra here do not show anyway."""
        self._at(instance).coupled = bool(one_of(on, 2, "AC coupling"))

    @command("SpectrumAnlzr.ACCouplingGet", "i", "I")
    def coupling(self, _: Session, instance: int) -> tuple[int]:
        """Return whether AC coupling is on."""
        return (int(self._at(instance).coupled),)

    @command("SpectrumAnlzr.DCGet", "i", "d")
    def mean(self, _: Session, instance: int) -> tuple[float]:
        """Return the signal's mean."""
        return (self.controller.signals.true(self._at(instance).channel),)

    @command("SpectrumAnlzr.Run", "i", cost=Cost.SET)
    def run(self, _: Session, instance: int) -> None:
        """Start averaging anew."""
        self._at(instance).started = self.controller.now

    @command("SpectrumAnlzr.DataGet", "i", "f f af")
    def data(self, _: Session, instance: int) -> tuple[float, float, Floats]:
        """Return first frequency, distance of two (Hz), and the averages so far (signal/sqrt(Hz))."""
        analyzer = self._at(instance)
        if analyzer.started is None:
            raise CommandError("The Spectrum Analyzer is not running")
        averages = min(analyzer.count, max(1, math.floor((self.controller.now - analyzer.started) * analyzer.step)))
        return 0.0, analyzer.step, np.sqrt(self._density(analyzer) * self._scatter(analyzer, averages))

    def _density(self, analyzer: Analyzer) -> Floats:
        """Return the expected power density (signal^2/Hz)."""
        frequency, controller = analyzer.frequencies(), self.controller
        slow = READOUT_NOISE.get(analyzer.channel, 0.0) ** 2 / READOUT_BANDWIDTH
        floor = slow / (1.0 + (frequency / READOUT_BANDWIDTH) ** 2) + controller.deflection_of(DETECTOR) ** 2
        if analyzer.channel != DEFLECTION or controller.world.tip.in_contact:
            return floor
        return floor + controller.world.lever.spectrum(frequency) * controller.deflection_of(1.0) ** 2

    def _scatter(self, analyzer: Analyzer, averages: int) -> Floats:
        """Return what the mean of so many periodograms is, relative to the expected one."""
        moment = round((analyzer.started or 0.0) * 1e6) << 16
        index = moment + np.arange(LINES[analyzer.resolution], dtype=np.int64)
        name = f"nanonis:spectrum of {NAMES[analyzer.channel]}"
        deviate = self.controller.world.noise_at(name, index)
        # Wilson and Hilferty (1931): the cube root of a gamma deviate is nearly normal.
        share = 1.0 / (9.0 * averages)
        return np.maximum(1.0 - share + math.sqrt(share) * deviate, 1e-3) ** 3
