"""What flows in a ramp besides the reaction: offset, displacement current, and the smooth background."""

import numpy as np

from nanoprobe.analysis.surge import Index, Mask, Ramps, median_of_rows, window
from nanoprobe.roles import Array

_FEWEST_QUIET = 6
"""Fewest samples for a fit of offset and leak."""
_SIGNIFICANT = 3.0
"""An offset below this many of its standard errors is not removed: it would add noise to the charge."""

_LARGEST_EXPONENT = 700.0
"""exp of more than that is no float any more (a fit through a window of almost one bias can ask for it)."""


def offsets(ramps: Ramps, quiet_bias: float, level: float, capacitance: float) -> tuple[Array, Array]:
    """Return the offset (A, shape (points,)) of each ramp and its current without offset and displacement.

    Displacement is `capacitance` (F) times dV/dt. The offset is the constant of a fit of constant and ohmic leak
    (least squares) to the first samples within `quiet_bias` (V) and before the current first passes `level` (A).
    """
    inner = ramps.current - capacitance * _rate(ramps)
    bias, current, counts = _quiet_samples(ramps, inner, quiet_bias, level)
    constant, error = _line_fit(bias, current, counts)
    offset = np.where(np.abs(constant) > _SIGNIFICANT * error, constant, 0.0)
    return offset, np.where(ramps.recorded, inner - offset[:, None], np.nan)


def _rate(ramps: Ramps) -> Array:
    """Return dV/dt (V/s) into each sample; 0 at the first, and where two samples carry one time."""
    rate = np.zeros_like(ramps.bias)
    span = np.diff(ramps.time, axis=1)
    np.divide(np.diff(ramps.bias, axis=1), span, out=rate[:, 1:], where=span > 0)
    return rate


def _quiet_samples(ramps: Ramps, inner: Array, quiet_bias: float, level: float) -> tuple[Array, Array, Mask]:
    quiet = ramps.recorded & (np.abs(ramps.bias) <= quiet_bias) & (np.abs(ramps.current) <= level) & np.isfinite(inner)
    leading = np.logical_and.accumulate(quiet, axis=1)
    widest = int(leading.sum(axis=1).max(initial=0))
    counts = leading[:, :widest]
    return np.where(counts, ramps.bias[:, :widest], 0.0), np.where(counts, inner[:, :widest], 0.0), counts


def _line_fit(bias: Array, current: Array, counts: Mask) -> tuple[Array, Array]:
    """Return the constant of each ramp's straight line and its standard error (A); (0, inf) where it has no line."""
    number = counts.sum(axis=1)
    safe = np.maximum(number, 1)
    mean_bias, mean_current = bias.sum(axis=1) / safe, current.sum(axis=1) / safe
    away = np.where(counts, bias - mean_bias[:, None], 0.0)
    spread = (away**2).sum(axis=1)
    usable = (number >= _FEWEST_QUIET) & (spread > 0)
    spread = np.where(usable, spread, 1.0)
    slope = (away * current).sum(axis=1) / spread
    constant = mean_current - slope * mean_bias
    residual = np.where(counts, current - constant[:, None] - slope[:, None] * bias, 0.0)
    variance = (residual**2).sum(axis=1) / np.maximum(number - 2, 1)
    error = np.sqrt(variance * (1 / safe + mean_bias**2 / spread))
    return np.where(usable, constant, 0.0), np.where(usable, error, np.inf)


def exponential_ratio(ramps: Ramps, real: Array, index: Index, rise_time: float, span: float) -> Array:
    """Return |`real`| at sample `index` of each ramp over the exponential of bias fitted to the preceding `span` (V).

    The fit is a straight line through ln|I|; values below a tenth of the window's median count as that tenth, since a
    reading that noise brought near zero would pull a logarithm without bound. NaN where there is nothing to fit.
    """
    ratio = np.full(len(index), np.nan)
    rows = np.flatnonzero(index >= 3)
    if not rows.size:
        return ratio
    view = window(ramps, rows, index[rows], rise_time, span)
    samples, counts = view.samples()
    bias, size = np.abs(ramps.bias[rows[:, None], samples]), np.abs(real[rows[:, None], samples])
    counts &= np.isfinite(bias) & np.isfinite(size) & (size > 0)
    fitted = counts.sum(axis=1) >= 3
    if not fitted.any():
        return ratio
    rows, here = rows[fitted], index[rows[fitted]]
    expected = _extrapolated(bias[fitted], size[fitted], counts[fitted], np.abs(ramps.bias[rows, here]))
    ratio[rows] = np.abs(real[rows, here]) / expected
    return ratio


def _extrapolated(bias: Array, size: Array, counts: Mask, there: Array) -> Array:
    """Return the exponential through (`bias`, `size`) where `counts`, at the bias `there`."""
    tenth = 0.1 * median_of_rows(np.where(counts, size, np.nan))
    log = np.where(counts, np.log(np.maximum(size, tenth[:, None])), 0.0)
    number = counts.sum(axis=1)
    centre = np.where(counts, bias, 0.0).sum(axis=1) / number
    away = np.where(counts, bias - centre[:, None], 0.0)
    spread = (away**2).sum(axis=1)
    slope = np.where(spread > 0, (away * log).sum(axis=1) / np.where(spread > 0, spread, 1.0), 0.0)
    # A background is taken to grow with the bias: a falling fit would call any rise a surge.
    exponent = log.sum(axis=1) / number + np.maximum(slope, 0.0) * (there - centre)
    return np.asarray(np.exp(np.minimum(exponent, _LARGEST_EXPONENT)))
