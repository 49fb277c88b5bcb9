import numpy as np
import pytest

from nanoprobe.errors import LimitExceeded
from nanoprobe.limits import Limits
from nanoprobe.outlook import Outlook

SMALL = {"duration": 1.0, "current": 1e-9, "charge": 1e-9, "force": 50e-9, "series_resistance": 10e6}


@pytest.mark.parametrize(
    ("values", "text"),
    [
        pytest.param({"bias_min": -12.0}, "the plan's bias: -12 V is beyond the bench's limit of 10 V", id="bias"),
        pytest.param({"current": 2e-6}, "the plan's compliance: 2 µA is beyond", id="current"),
        pytest.param({"slew_rate": 500.0}, "the plan's ramp rate: 500 V/s is beyond", id="slew"),
        pytest.param({"charge": 1e-6}, "the plan's charge per point (upper bound): 1 µC is beyond", id="charge"),
        pytest.param({"force": 2e-6}, "the plan's force: 2 µN is beyond", id="force"),
        pytest.param({"points": np.array([[0.0, 11e-6]])}, "the plan's path y: 11 µm is beyond", id="point"),
        pytest.param({"places": np.array([[-11e-6, 0.0]])}, "the plan's path x: -11 µm is beyond", id="corner"),
    ],
)
def test_a_plan_beyond_a_limit_names_value_unit_and_limit(values, text):
    with pytest.raises(LimitExceeded) as caught:
        Outlook(**{**SMALL, **values}).check(Limits())
    assert text in str(caught.value)
    assert "[limits]" in str(caught.value)


def test_a_plan_without_points_has_no_path_and_no_extent():
    ahead = Outlook(**SMALL)
    ahead.check(Limits())
    assert (ahead.path_length, ahead.scan_extent) == (0.0, 0.0)
    assert ("series resistor", "10 Mohm") in ahead.rows()


def test_the_path_is_measured_in_the_order_of_the_visit():
    ahead = Outlook(**SMALL, points=np.array([[0, 0], [3e-6, 4e-6], [3e-6, 0]]), ramps=3, samples=10)
    assert ahead.path_length == pytest.approx(9e-6)
    assert dict(ahead.rows())["path"] == "9 µm from point to point"
