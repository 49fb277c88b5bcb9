import numpy as np
import pytest

from nanoprobe.roles import RampPlan
from nanoprobe.wiring import Side, Wiring

RAMP = RampPlan(start=0.0, stop=-6.0, rate=0.5, sample_interval=0.02, trip_current=1e-9, compliance=1e-8)


@pytest.mark.parametrize(("side", "sign"), [(Side.SAMPLE, -1), (Side.TIP, 1)])
def test_plating_is_negative_bias_and_cathodic_current_whatever_is_driven(side: Side, sign: int) -> None:
    wiring = Wiring(bias_applied_to=side, series_resistance=10e6)
    assert wiring.source_plan(RAMP).stop == sign * -6.0
    assert wiring.bias(sign * -6.0, sign * -10e-9) == pytest.approx(-6.0 + 10e-9 * 10e6)
    assert wiring.current(sign * -10e-9) == -10e-9


def test_the_drop_over_the_series_resistor_is_taken_off_every_sample() -> None:
    wiring = Wiring(bias_applied_to=Side.SAMPLE, series_resistance=1e6)
    biases = wiring.biases(np.array([1.0, 2.0]), np.array([0.0, 1e-7]))
    np.testing.assert_allclose(biases, [-1.0, -1.9])


def test_a_ramp_of_12_s_at_50_samples_a_second_ends_exactly_at_its_stop_and_holds() -> None:
    levels = RAMP.levels()
    assert len(levels) == 601 + 5
    np.testing.assert_allclose(np.diff(levels[:601]), -0.01)
    assert set(levels[600:]) == {-6.0}
