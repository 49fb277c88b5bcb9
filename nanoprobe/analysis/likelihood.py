"""The Weibull likelihood of brackets, and its maximum: many samples, or many reweightings of one, at once.

With y = ln V, m the modulus and b = m ln V0, a voltage stands at z = m y - b, and survival is exp(-exp(z)). In (m, b) the
log-likelihood is concave for exact, bracketed and censored voltages alike (the density of z is log-concave, and so are the
integrals of it: Prekopa 1973): a maximum is the only one, and Newton's method with step halving finds it.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from nanoprobe.analysis.strengths import Strengths
from nanoprobe.roles import Array

_STEPS = 60
FINE, COARSE = 1e-11, 1e-6
"""Gain in log-likelihood that ends Newton's method: for an estimate, and for one of many draws (0.1 % of its error)."""
_SAFE = 0.5
"""A Newton step that promises less gain than this is taken as it is."""
_NARROW = 1e-9
"""A bracket narrower than this in ln V is taken for an exact voltage."""
_SMALLEST_MODULUS = 1e-6
_HOPELESS = 300.0
"""Beyond this z nothing survives, and below its negative nothing fails: e^z would overflow or vanish there, and infinity times
the weight 0 of a point left out is NaN. Below, the logarithm goes on linearly, as it does."""


@dataclass(frozen=True, slots=True)
class Data:
    """Distinct brackets of a sample: logarithms `low`, `high` (shape (n,)), how often each occurs in `count`."""

    low: Array = field(repr=False)
    high: Array = field(repr=False)
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
        low, high = ends[:, 0], ends[:, 1]
        is_open = np.isinf(high)
        exact = ~is_open & (np.where(is_open, 0.0, high) - low <= _NARROW)
        return cls(low, np.where(is_open, low, high), counts.astype(np.float64), exact, is_open)


@dataclass(frozen=True, slots=True)
class Terms:
    """Log-likelihood and its derivatives by z at both ends of each bracket, shape (..., n)."""

    value: Array
    by_low: Array
    by_high: Array
    low_low: Array
    high_high: Array
    low_high: Array


def terms(data: Data, modulus: Array, offset: Array) -> Terms:
    """Return the terms of each bracket for `modulus` and `offset` of shape (k,): arrays of shape (k, n)."""
    m, b = modulus[:, None], offset[:, None]
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        z, width = m * data.low - b, np.minimum(m * (data.high - data.low), _HOPELESS)
        zl = np.clip(z, -_HOPELESS, _HOPELESS)
        a = np.exp(zl)
        gap = a * np.expm1(width)  # e^zh - e^zl
        inverse = np.where(gap < 700, 1 / np.expm1(np.minimum(gap, 700.0)), 0.0)
        upper = np.where(data.exact | data.open, 0.0, (a + gap) * inverse)
        curve = upper * (1 - (a + gap) - upper)
        span = np.where(data.exact | data.open, 0.0, a * inverse)
        low_end = np.where(data.exact, np.log(m) + z - a, -a)
        value = low_end + np.where(
            data.exact | data.open, 0.0, np.log(-np.expm1(-gap)) + np.minimum(z + _HOPELESS, 0.0)
        )
        by_low = np.where(data.exact, 1 - a, -a) - span
        low_low = -a - span * (1 + a + span)
        low_high = span * (a + gap + upper)
        curve = np.where(data.exact | data.open, 0.0, curve)
        low_low = np.where(data.exact | data.open, -a, low_low)
        low_high = np.where(data.exact | data.open, 0.0, low_high)
    return Terms(value, by_low, upper, low_low, curve, low_high)


@dataclass(frozen=True, slots=True)
class Slope:
    """Log-likelihood (shape (k,)), gradient (k, 2) and Hessian (k, 2, 2) by (modulus, offset)."""

    value: Array
    gradient: Array
    hessian: Array


def slope(data: Data, weights: Array, modulus: Array, offset: Array) -> Slope:
    """Return the weighted likelihood of each of k parameter pairs; `weights` has shape (k, n) or (1, n)."""
    t = terms(data, modulus, offset)
    weights = np.broadcast_to(weights, t.value.shape)
    exact_count = weights @ data.exact.astype(np.float64)
    first, second = data.low, data.high
    by_z = t.by_low + t.by_high
    sums = [
        np.einsum("kn,kn,n->k", weights, t.by_low, first) + np.einsum("kn,kn,n->k", weights, t.by_high, second),
        -np.einsum("kn,kn->k", weights, by_z),
    ]
    gradient = np.column_stack([sums[0] + exact_count / modulus, sums[1]])
    cross = -np.einsum("kn,kn->k", weights, (t.low_low + t.low_high) * first + (t.high_high + t.low_high) * second)
    flat = np.einsum("kn,kn->k", weights, t.low_low + 2 * t.low_high + t.high_high)
    steep = np.einsum(
        "kn,kn->k", weights, t.low_low * first**2 + 2 * t.low_high * first * second + t.high_high * second**2
    )
    steep = steep - exact_count / modulus**2
    hessian = np.stack([np.column_stack([steep, cross]), np.column_stack([cross, flat])], axis=1)
    return Slope(np.where(weights > 0, weights * t.value, 0.0).sum(axis=1), gradient, hessian)


def value(data: Data, weights: Array, modulus: Array, offset: Array) -> Array:
    """Return the weighted log-likelihood alone, shape (k,)."""
    return np.asarray(np.where(weights > 0, weights * terms(data, modulus, offset).value, 0.0).sum(axis=1))


def start(data: Data, weights: Array) -> tuple[Array, Array]:
    """Return a first guess of (modulus, offset) for each row of `weights`: moments of ln V, failures and others alike."""
    total = weights.sum(axis=1)
    middle = (data.low + data.high) / 2
    mean = weights @ middle / total
    spread = np.sqrt(np.maximum(weights @ middle**2 / total - mean**2, 1e-12))
    modulus = 1.28 / np.maximum(spread, 1e-3)
    share = np.maximum(weights @ (~data.open).astype(np.float64) / total, 1e-6)
    return modulus, modulus * (mean + 0.5772 / modulus) - np.log(share)


def maximise(
    data: Data, weights: Array, begin: tuple[Array, Array] | None = None, tolerance: float = FINE
) -> tuple[Array, Array, NDArray[np.bool_]]:
    """Return modulus and offset (shape (k,)) of the largest likelihood under each row of `weights` (k, n); converged?"""
    modulus, offset = start(data, weights) if begin is None else (begin[0].copy(), begin[1].copy())
    done = np.zeros(len(modulus), dtype=np.bool_)
    for _ in range(_STEPS):
        rows = np.flatnonzero(~done)
        if not rows.size:
            break
        here = slope(data, weights[rows], modulus[rows], offset[rows])
        step, gain = _newton(here)
        modulus[rows], offset[rows] = _improve(data, weights[rows], modulus[rows], offset[rows], step, here.value, gain)
        done[rows] = gain < tolerance
    return modulus, offset, done & np.isfinite(modulus) & np.isfinite(offset)


def _newton(here: Slope) -> tuple[Array, Array]:
    """Return the Newton step (k, 2) and twice the gain it promises (k,)."""
    (a, c), d = here.hessian[:, 0].T, here.hessian[:, 1, 1]
    determinant = a * d - c * c
    safe = np.where(determinant > 0, determinant, 1.0)
    g, h = here.gradient.T
    newton = np.column_stack([-(d * g - c * h) / safe, -(a * h - c * g) / safe])
    step = np.where((determinant > 0)[:, None], newton, here.gradient)
    return step, np.abs((step * here.gradient).sum(axis=1))


def _improve(
    data: Data, weights: Array, modulus: Array, offset: Array, step: Array, before: Array, gain: Array
) -> tuple[Array, Array]:
    """Return the parameters after the longest of step, step/2, step/4... that makes the likelihood larger."""
    if (gain < _SAFE).all() and (modulus + step[:, 0] > _SMALLEST_MODULUS).all():
        return modulus + step[:, 0], offset + step[:, 1]
    size = np.ones(len(modulus))
    for _ in range(40):
        m, b = modulus + size * step[:, 0], offset + size * step[:, 1]
        legal = m > _SMALLEST_MODULUS
        after = value(data, weights, np.where(legal, m, 1.0), np.where(legal, b, 0.0))
        better = legal & (after >= before - 1e-10 * np.abs(before))
        if better.all():
            break
        size = np.where(better, size, size / 2)
    kept = np.where(better, 1.0, 0.0)
    return modulus + kept * size * step[:, 0], offset + kept * size * step[:, 1]
