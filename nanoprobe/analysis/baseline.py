"""What flows in a ramp besides the reaction: offset, displacement current, and the smooth background."""

import numpy as np

from nanoprobe.analysis.ramps import Index, Mask, Net, Ramps, stretch
from nanoprobe.analysis.surge import median_of_rows, window
from nanoprobe.roles import Array

_FEWEST_QUIET = 6
"""Fewest samples for a fit of offset and leak."""
_SIGNIFICANT = 3.0
"""An offset below this many of its standard errors is not removed: it would add noise to the charge."""
_FIRST_LOOK = 128
"""Samples looked at first for the quiet part of a ramp."""
_LARGEST_EXPONENT = 700.0
"""exp of more than that is no float any more (a fit through a window of almost one bias can ask for it)."""


def net_current(ramps: Ramps, quiet_bias: float, level: float, capacitance: float) -> Net:
    """Return the current of each ramp without displacement, and its offset.

    Displacement is `capacitance` (F) times dV/dt. The offset is the constant of a fit of constant and ohmic leak
    (least squares) to the first samples within `quiet_bias` (V) and before the current first passes `level` (A).
    """
    inner = ramps.current - capacitance * _rate(ramps) if capacitance else ramps.current
    bias, current, counts = _quiet_samples(ramps, inner, quiet_bias, level)
    constant, error = _line_fit(bias, current, counts)
    return Net(inner, np.where(np.abs(constant) > _SIGNIFICANT * error, constant, 0.0))


def _rate(ramps: Ramps) -> Array:
    """Return dV/dt (V/s) into each sample; 0 at the first, and where two samples carry one time."""
    rate = np.zeros_like(ramps.bias)
    span = np.diff(ramps.time, axis=1)
    np.divide(np.diff(ramps.bias, axis=1), span, out=rate[:, 1:], where=span > 0)
    return rate


def _quiet_samples(ramps: Ramps, inner: Array, quiet_bias: float, level: float) -> tuple[Array, Array, Mask]:
    counts = _leading_quiet(ramps, inner, quiet_bias, level)
    bias, current = ramps.bias[:, : counts.shape[1]], inner[:, : counts.shape[1]]
    if not counts.all():
        bias, current = np.where(counts, bias, 0.0), np.where(counts, current, 0.0)
    return bias, current, counts


def _leading_quiet(ramps: Ramps, inner: Array, quiet_bias: float, level: float) -> Mask:
    """Say which samples lead each ramp quietly, as far as any does; looks no further into the ramps than needed."""
    samples = ramps.bias.shape[1]
    seen = min(_FIRST_LOOK, samples)
    while True:
        quiet = np.abs(ramps.bias[:, :seen]) <= quiet_bias
        quiet &= np.abs(ramps.current[:, :seen]) <= level
        if inner is not ramps.current:
            quiet &= np.isfinite(inner[:, :seen])
        number = np.where(quiet.all(axis=1), seen, quiet.argmin(axis=1)) if seen else np.zeros_like(ramps.length)
        number = np.minimum(number, ramps.length)
        widest = int(number.max(initial=0))
        if widest < seen or seen == samples:
            return np.asarray(np.arange(widest) < number[:, None])
        seen = min(2 * seen, samples)


def _line_fit(bias: Array, current: Array, counts: Mask) -> tuple[Array, Array]:
    """Return the constant of each ramp's straight line and its standard error (A); (0, inf) where it has no line."""
    number = np.count_nonzero(counts, axis=1)
    safe = np.maximum(number, 1)
    mean_bias, mean_current = bias.sum(axis=1) / safe, current.sum(axis=1) / safe
    away, about = bias - mean_bias[:, None], current - mean_current[:, None]
    if number.min(initial=counts.shape[1]) < counts.shape[1]:
        away[~counts] = about[~counts] = 0.0
    spread, common = _dots(away, away), _dots(away, about)
    usable = (number >= _FEWEST_QUIET) & (spread > 0)
    spread = np.where(usable, spread, 1.0)
    constant = mean_current - common / spread * mean_bias
    variance = np.maximum(_dots(about, about) - common**2 / spread, 0.0) / np.maximum(number - 2, 1)
    error = np.sqrt(variance * (1 / safe + mean_bias**2 / spread))
    return np.where(usable, constant, 0.0), np.where(usable, error, np.inf)


def _dots(first: Array, second: Array) -> Array:
    """Return the sum over samples of the product of each two rows."""
    return np.asarray(np.einsum("ij,ij->i", first, second))


def exponential_ratio(ramps: Ramps, net: Net, rows: Index, index: Index, rise_time: float, span: float) -> Array:
    """Return |current| of ramps `rows` at their `index` over the exponential of bias fitted to the preceding `span` (V).

    The fit is a straight line through ln|I|; values below a tenth of the window's median count as that tenth, since a
    reading that noise brought near zero would pull a logarithm without bound. NaN where there is nothing to fit.
    """
    ratio = np.full(len(index), np.nan)
    places = np.flatnonzero(index >= 3)
    if not places.size:
        return ratio
    view = window(ramps, rows[places], index[places], rise_time, span)
    widest = int(view.counted.max(initial=1))
    bias, size = np.abs(stretch(ramps.bias, view.rows, view.last, widest)), net.stretch(view.rows, view.last, widest)
    counts = view.counts(widest) & np.isfinite(bias) & np.isfinite(size) & (size > 0)
    fitted = counts.sum(axis=1) >= 3
    if not fitted.any():
        return ratio
    rows, here = view.rows[fitted], view.index[fitted]
    expected = _extrapolated(bias[fitted], size[fitted], counts[fitted], np.abs(ramps.bias[rows, here]))
    ratio[places[fitted]] = net.size(rows, here) / expected
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
