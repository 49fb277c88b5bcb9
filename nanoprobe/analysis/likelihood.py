"""The Weibull likelihood of brackets, and its maximum: many samples, or many reweightings of one, at once.

With y = ln V, m the modulus and b = m ln V0, a voltage stands at z = m y - b, and survival is exp(-exp(z)). In (m, b) the
log-likelihood is concave for exact, bracketed and censored voltages alike (the density of z is log-concave, and so are the
integrals of it: Prekopa 1973): a maximum is the only one, and Newton's method with step halving finds it.

One formula serves all three: an exact voltage is a very narrow bracket, a censored one a bracket without an end.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from nanoprobe.analysis.strengths import Strengths
from nanoprobe.roles import Array

_STEPS = 100
FINE, COARSE = 1e-11, 1e-6
"""Gain in log-likelihood that ends Newton's method: for an estimate, and for one of many draws (0.1 % of its error)."""
_NARROWEST, _ENDLESS = 1e-9, 1e9
"""Widths in ln V of an exact voltage, whose likelihood is its density times this, and of a bracket without an end. A bracket
narrower than the first is taken for an exact voltage in its middle."""
_SMALLEST_MODULUS = 1e-6
_LOWEST, _HIGHEST = -600.0, 300.0
"""Beyond the highest z nothing survives, and below the lowest nothing fails: e^z would overflow or vanish there, and infinity
times the weight 0 of a point left out is NaN. Below, the logarithm goes on linearly, as it does."""


@dataclass(frozen=True, slots=True)
class Data:
    """Brackets in ln V: lower end `low`, `width`, and how often each occurs (`count`); shape (n,), or (k, n) for k samples."""

    low: Array = field(repr=False)
    width: Array = field(repr=False)
    count: Array = field(repr=False)
    exact: NDArray[np.bool_] = field(repr=False)
    open: NDArray[np.bool_] = field(repr=False)

    @classmethod
    def of(cls, sample: Strengths, merged: bool = True) -> "Data":
        """Return `sample` for the likelihood; `merged` counts equal brackets instead of keeping each."""
        ends = np.column_stack(sample.logs)
        if merged:
            ends, counts = np.unique(ends, axis=0, return_counts=True)
        else:
            counts = np.ones(len(ends), dtype=np.intp)
        low, width = ends[:, 0], ends[:, 1] - ends[:, 0]
        exact, is_open = width <= _NARROWEST, np.isinf(width)
        low = np.where(exact, low + (width - _NARROWEST) / 2, low)
        width = np.clip(width, _NARROWEST, _ENDLESS)
        return cls(low, width, counts.astype(np.float64), exact, is_open)

    def __getitem__(self, places: NDArray[np.intp]) -> "Data":
        return Data(self.low[places], self.width[places], self.count[places], self.exact[places], self.open[places])

    def of_rows(self, rows: NDArray[np.intp]) -> "Data":
        """Return the brackets of some of the samples; one sample (n,) weighted in many ways stays as it is."""
        return self if self.low.ndim == 1 or len(rows) == len(self.low) else self[rows]

    @property
    def per_volt(self) -> float:
        """What the log-likelihood has to be raised by to count exact voltages with their density per V."""
        return -float(self.count[self.exact] @ (self.middle[self.exact] + np.log(_NARROWEST)))

    @property
    def middle(self) -> Array:
        """Middle of each bracket, the lower end of one without an end."""
        return np.where(self.open, self.low, self.low + self.width / 2)


@dataclass(frozen=True, slots=True)
class Terms:
    """Log-likelihood of each bracket and its derivatives by z at the lower end and by the width u in z, shape (..., n).

    ln(exp(-low) - exp(-high)), low = e^z, high = e^(z + u), is reckoned as ln(1 - exp(-gap)) - low with gap = high - low, which
    keeps its digits however narrow the bracket is; 1/(exp(gap) - 1), the odds of surviving it, stands in all derivatives.
    """

    value: Array
    z: Array
    u: Array
    zz: Array
    zu: Array
    uu: Array


def terms(data: Data, modulus: Array, offset: Array) -> Terms:
    """Return the terms of each bracket for `modulus` and `offset` of shape (k,): arrays of shape (k, n)."""
    m, b = modulus[:, None], offset[:, None]
    # In place where it can be: to make arrays anew costs more than what is reckoned in them.
    with np.errstate(all="ignore"):  # a trial with a modulus below 0 gives NaN, and is not taken
        z, fall = m * data.low, -m * data.width
        z -= b
        top = z - fall
        deep = np.where(data.open, 0.0, np.minimum(top - _LOWEST, 0.0)) if top.min() < _LOWEST else 0.0
        high = np.exp(np.clip(top, _LOWEST, _HIGHEST, out=top), out=top)
        low = np.exp(np.minimum(z, _HIGHEST, out=z), out=z)
        gap = np.expm1(fall, out=fall)
        gap *= high
        failing = np.expm1(gap)
        np.negative(gap, out=gap)  # e^z at the upper end less that at the lower
        np.negative(failing, out=failing)
        value = np.log(failing)
        value += deep - low
        odds = np.divide(1, failing, out=failing)
        odds -= 1
        z, u = gap * odds, high * odds
        gap += z
        rest = np.subtract(1, gap, out=gap)
        zz, zu = z * rest, u * rest
        high += u
        uu = np.subtract(1, high, out=high)
        uu *= u
        z -= low
        zz -= low
    return Terms(value, z, u, zz, zu, uu)


@dataclass(frozen=True, slots=True)
class Slope:
    """Log-likelihood (shape (k,)), gradient (k, 2) and Hessian (k, 2, 2) by (modulus, offset)."""

    value: Array
    gradient: Array
    hessian: Array


def slope(data: Data, weights: Array, modulus: Array, offset: Array) -> Slope:
    """Return the weighted likelihood of k parameter pairs, samples or weightings; one of these serves all where there is one.

    `weights` has shape (k, n) or (1, n), the parameters (k,) or (1,).
    """
    t, y, d, one = terms(data, modulus, offset), data.low, data.width, np.ones(data.low.shape[-1])

    def sums(term: Array, *factors: Array) -> list[Array]:
        weighted = weights * term
        return [np.vecdot(weighted, factor) for factor in factors]

    (z_y, z), (u_d,) = sums(t.z, y, one), sums(t.u, d)
    (zz_yy, zz_y, zz), (zu_yd, zu_d), (uu_dd,) = sums(t.zz, y * y, y, one), sums(t.zu, y * d, d), sums(t.uu, d * d)
    cross = -(zz_y + zu_d)
    hessian = np.stack([zz_yy + 2 * zu_yd + uu_dd, cross, cross, zz], axis=-1).reshape(-1, 2, 2)
    return Slope(np.vecdot(weights, t.value), np.column_stack([z_y + u_d, -z]), hessian)


def start(data: Data, weights: Array) -> tuple[Array, Array]:
    """Return a first guess of (modulus, offset) for each sample: moments of ln V, failures and others alike."""
    total, middle = weights.sum(axis=1), data.middle
    mean = np.vecdot(weights, middle) / total
    spread = np.sqrt(np.maximum(np.vecdot(weights, middle**2) / total - mean**2, 1e-12))
    modulus = 1.28 / np.maximum(spread, 1e-3)
    share = np.maximum(np.vecdot(weights, (~data.open).astype(np.float64)) / total, 1e-6)
    return modulus, modulus * (mean + 0.5772 / modulus) - np.log(share)


@dataclass(frozen=True, slots=True)
class Maximum:
    """The largest log-likelihood (`value`, shape (k,)), where it lies, and whether it was found."""

    modulus: Array
    offset: Array
    value: Array
    found: NDArray[np.bool_]


def maximise(data: Data, weights: Array, begin: tuple[Array, Array] | None = None, tolerance: float = FINE) -> Maximum:
    """Return the maximum of the likelihood for each row of `weights` (k, n).

    `begin`: where to start, (modulus, offset) of shape (k,), or (1,) for one place that serves all.
    """
    place = np.column_stack(start(data, weights) if begin is None else begin)
    here = slope(data, weights, *place.T)
    place = np.repeat(place, len(weights) // len(place), axis=0)
    best, (step, gain) = here.value, _newton(here)
    for _ in range(_STEPS):
        rows = np.flatnonzero(~(gain < tolerance))
        if not rows.size:
            break
        trial = place[rows] + step[rows]
        there = slope(data.of_rows(rows), weights[rows], *trial.T)
        better = (trial[:, 0] > _SMALLEST_MODULUS) & (there.value >= best[rows] - 1e-10 * np.abs(best[rows]))
        won, (next_step, next_gain) = rows[better], _newton(there)
        place[won], best[won] = trial[better], there.value[better]
        step[won], gain[won] = next_step[better], next_gain[better]
        step[rows[~better]] /= 2
    m, b = np.where((gain < tolerance)[:, None], place + step, place).T
    return Maximum(m, b, best + gain / 2, (gain < tolerance) & np.isfinite(m) & np.isfinite(b))


def _newton(here: Slope) -> tuple[Array, Array]:
    """Return the Newton step (k, 2) and twice the gain it promises (k,)."""
    (a, c), d = here.hessian[:, 0].T, here.hessian[:, 1, 1]
    determinant = a * d - c * c
    safe = np.where(determinant > 0, determinant, 1.0)
    g, h = here.gradient.T
    newton = np.column_stack([-(d * g - c * h) / safe, -(a * h - c * g) / safe])
    step = np.where((determinant > 0)[:, None], newton, here.gradient)
    return step, np.abs((step * here.gradient).sum(axis=1))
