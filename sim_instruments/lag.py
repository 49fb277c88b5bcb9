"""A first-order lag: what a feedback loop, an amplifier or a filter makes of a signal."""

from itertools import accumulate

import numpy as np

from sim_instruments.noise import Floats


def lag(signal: Floats, pole: float) -> Floats:
    """Return y[n] = pole y[n-1] + (1 - pole) x[n] of evenly spaced samples x, shape (n,); at rest before the first.

    Not SciPy's `lfilter`: loading it holds up the whole lab for a second, in the middle of an image; on a busy computer for
    so long that a controller seems to be silent.
    """
    gain = 1.0 - pole
    return np.fromiter(accumulate(signal.tolist(), lambda y, x: y + gain * (x - y)), np.float64, len(signal))
