"""Equivalent circuit of a pellet cell: bulk, grain boundaries, lithium/ceramic interfaces (and a cathode), fitted to a spectrum.

Z = R_b/(1 + iw R_b C_b) + R_gb/(1 + (iw R_gb C_gb)^n_gb) + k R_i/(1 + (iw R_i C_i)^n) [+ R_ct/(1 + iw R_ct C_ct)]; the time
constants are told apart by their size, k is the number of lithium/ceramic interfaces. Weights: modulus (Boukamp 1986, Solid
State Ionics 20, 31). Intervals: profile of the sum of squares, which a covariance would make too short where arcs overlap.
"""

import math
from dataclasses import dataclass, field

import numpy as np
from scipy.optimize import least_squares
from scipy.stats import f as fisher
from scipy.stats import t as student

from nanoprobe.analysis.estimate import CONFIDENCE, Estimate
from nanoprobe.errors import BadInput
from nanoprobe.roles import Array
from nanoprobe.techniques import Complexes

METHOD = "equivalent circuit, modulus weights; profile of the sum of squares"
FEWEST = 16
"""Points that a fit of the circuit needs."""
FLOOR = 2e-3
"""Relative accuracy that is claimed at the best (1): the instrument's own, beyond its noise."""
OVERLAP = 0.04
"""Share of the grain boundaries' resistance that may stand in the interface's arc, or the other way round (1): no real arc
is a perfect ZARC, and how far it is from one cannot be read from a spectrum in which they overlap."""

# In natural logarithms: resistances (ohm) and time constants (s); exponents as they are.
_NAMES = (
    "bulk",
    "tau_bulk",
    "boundaries",
    "tau_boundaries",
    "n_boundaries",
    "interface",
    "tau_interface",
    "n_interface",
)
_CATHODE = ("transfer", "tau_transfer")


@dataclass(frozen=True, slots=True)
class Circuit:
    """Fitted circuit; ohm and s. `interface`: of all lithium/ceramic interfaces together, with its interval.

    `fitted`: the circuit's impedance at the spectrum's frequencies; `misfit`: rms of the relative residuals (1).
    """

    bulk: float
    boundaries: float
    interface: Estimate
    interface_time: float
    interface_exponent: float
    transfer: float
    misfit: float
    fitted: Complexes = field(repr=False)


def model(parameters: Array, omega: Array) -> Complexes:
    """Return the impedance (ohm, shape (n,)) of the circuit with `parameters` in the order of this file's names."""
    bulk, tau_b, boundaries, tau_gb, n_gb, interface, tau_i, n_i = parameters[:8]
    s = 1j * omega
    total = np.exp(bulk) / (1 + s * np.exp(tau_b))
    total = total + np.exp(boundaries) / (1 + (s * np.exp(tau_gb)) ** n_gb)
    total = total + np.exp(interface) / (1 + (s * np.exp(tau_i)) ** n_i)
    if len(parameters) > 8:
        total = total + np.exp(parameters[8]) / (1 + s * np.exp(parameters[9]))
    return np.asarray(total, dtype=np.complex128)


def fit_circuit(frequency: Array, impedance: Complexes, *, cathode: bool = False) -> Circuit:
    """Fit the circuit to a spectrum (Hz, ohm, shape (n,) each). Raises BadInput for too few points."""
    if len(frequency) < FEWEST:
        raise BadInput(f"{len(frequency)} points of the spectrum are usable; a fit of the circuit needs {FEWEST}")
    problem = _Problem(2 * np.pi * frequency, impedance, cathode)
    best = problem.best()
    values = problem.values(best)
    low, high = problem.profile(best, _NAMES.index("interface"))
    boundaries = math.exp(values["boundaries"])
    return Circuit(
        bulk=math.exp(values["bulk"]),
        boundaries=boundaries,
        interface=_estimate(math.exp(values["interface"]), math.exp(low), math.exp(high), OVERLAP * boundaries),
        interface_time=math.exp(values["tau_interface"]),
        interface_exponent=values["n_interface"],
        transfer=math.exp(values["transfer"]) if cathode else math.nan,
        misfit=float(np.sqrt(np.mean(problem.residuals(best) ** 2))),
        fitted=model(best, problem.omega),
    )


def _estimate(value: float, low: float, high: float, hidden: float) -> Estimate:
    """Return an interval widened, in quadrature, by what the neighbouring arc may hide (ohm)."""
    return Estimate(
        value=value,
        low=max(0.0, value - math.hypot(value - low, hidden)),
        high=value + math.hypot(high - value, hidden),
        unit="ohm",
        method=METHOD,
    )


def direct_resistance(frequency: Array, impedance: Complexes) -> float:
    """Return the resistance to direct current (ohm): the real part towards the lowest frequencies, NaN without points."""
    if len(frequency) == 0:
        return math.nan
    lowest = frequency <= 10 * frequency.min()
    return float(np.median(impedance.real[lowest]))


class _Problem:
    def __init__(self, omega: Array, impedance: Complexes, cathode: bool) -> None:
        self.omega = omega
        self._impedance = impedance
        self._names = _NAMES + (_CATHODE if cathode else ())
        self._low, self._high = self._bounds(cathode)

    def _bounds(self, cathode: bool) -> tuple[Array, Array]:
        """Where each parameter may lie: arcs in the order of their frequency, grains above the range, boundaries at its top."""
        top = 1 / self.omega.max()
        least, most = math.log(1e-3 * self._impedance.real.min()), math.log(10 * self._impedance.real.max())
        low = [least, math.log(1e-3 * top), least, math.log(0.3 * top), 0.8, least, math.log(10 * top), 0.7]
        high = [most, math.log(0.3 * top), most, math.log(30 * top), 1.0, most, math.log(0.05), 1.0]
        if cathode:
            low += [least, math.log(5e-3)]
            high += [most, math.log(10 / self.omega.min())]
        return np.array(low), np.array(high)

    def values(self, parameters: Array) -> dict[str, float]:
        return dict(zip(self._names, map(float, parameters), strict=True))

    def residuals(self, parameters: Array) -> Array:
        relative = (self._impedance - model(parameters, self.omega)) / np.abs(self._impedance)
        return np.concatenate([relative.real, relative.imag])

    def best(self) -> Array:
        """Return the best of several starts: the interface's arc may be anywhere between boundaries and cathode."""
        fits = [self._solve(start) for start in self._starts()]
        return min(fits, key=lambda fit: float(np.sum(self.residuals(fit) ** 2)))

    def _starts(self) -> list[Array]:
        middle = (self._low + self._high) / 2
        real = self._impedance.real
        found = []
        for place in (0.2, 0.4, 0.6, 0.8):
            start = middle.copy()
            start[0], start[2] = math.log(real.min()), math.log(0.1 * real.min())
            start[5] = math.log(max(real.max() - real.min(), 0.01 * real.min()) / (2 if len(start) > 8 else 1))
            start[6] = self._low[6] + place * (self._high[6] - self._low[6])
            start[[4, 7]] = 0.95, 0.9
            if len(start) > 8:
                start[8] = start[5]
            found.append(np.clip(start, self._low + 1e-6, self._high - 1e-6))
        return found

    def _solve(self, start: Array, fixed: int | None = None) -> Array:
        free = np.array([n for n in range(len(start)) if n != fixed])

        def of_free(values: Array) -> Array:
            whole = start.copy()
            whole[free] = values
            return self.residuals(whole)

        solved = least_squares(
            of_free, start[free], bounds=(self._low[free], self._high[free]), x_scale="jac", xtol=1e-10
        )
        whole = start.copy()
        whole[free] = solved.x
        return whole

    def profile(self, best: Array, which: int) -> tuple[float, float]:
        """Return the 95 % interval of one parameter: where the sum of squares, refitted, has risen by what chance allows."""
        squares = float(np.sum(self.residuals(best) ** 2))
        freedom = 2 * len(self.omega) - len(best)
        squares = max(squares, freedom * FLOOR**2 / 25)
        allowed = squares * (1 + float(fisher.ppf(CONFIDENCE, 1, freedom)) / freedom)
        low, high = (self._edge(best, which, sign, allowed) for sign in (-1, 1))
        claimed = FLOOR * float(student.ppf((1 + CONFIDENCE) / 2, freedom))
        return min(low, best[which] - claimed), max(high, best[which] + claimed)

    def _edge(self, best: Array, which: int, sign: int, allowed: float) -> float:
        step, at, last = 1e-3, best[which], best.copy()
        while step < 3.0:
            trial = last.copy()
            trial[which] = best[which] + sign * step
            if not self._low[which] < trial[which] < self._high[which]:
                return float(np.clip(trial[which], self._low[which], self._high[which]))
            last = self._solve(trial, which)
            if float(np.sum(self.residuals(last) ** 2)) > allowed:
                return self._between(last, which, at, allowed)
            at, step = last[which], 1.6 * step
        return float(best[which] + sign * step)

    def _between(self, beyond: Array, which: int, inside: float, allowed: float) -> float:
        outside, trial = float(beyond[which]), beyond.copy()
        for _ in range(6):
            trial[which] = (inside + outside) / 2
            fit = self._solve(trial, which)
            if float(np.sum(self.residuals(fit) ** 2)) > allowed:
                outside = float(trial[which])
            else:
                inside = float(trial[which])
        return outside
