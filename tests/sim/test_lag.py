"""The lag of loops and filters, against SciPy's filter."""

import numpy as np
import pytest
from scipy.signal import lfilter

from sim_instruments.lag import lag


@pytest.mark.parametrize("pole", [0.0, 0.3, 0.999])
def test_a_lag_is_the_filter_of_one_pole_that_rested_at_the_first_sample(pole):
    signal = np.random.default_rng(1).standard_normal(300)
    expected, _ = lfilter([1.0 - pole], [1.0, -pole], signal, zi=[pole * signal[0]])
    np.testing.assert_allclose(lag(signal, pole), expected, rtol=0, atol=1e-12)


def test_a_steady_signal_stays_as_it_is():
    assert lag(np.full(50, 2.5), 0.9).tolist() == [2.5] * 50
