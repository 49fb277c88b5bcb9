"""What is concluded from the correlation of a prediction with measured triggers."""

import pytest

from nanoprobe.analysis.correlation import Correlation
from nanoprobe.analysis.estimate import Estimate, unknown
from nanoprobe.analysis.prediction import verdict
from nanoprobe.analysis.weakness import QUANTITY


def found(low: float, value: float, high: float) -> Correlation:
    rho = Estimate(value=value, low=low, high=high, unit="1", method="bootstrap")
    return Correlation(quantity=QUANTITY, rho=rho, points=40, p_value=0.01)


@pytest.mark.parametrize(
    ("correlation", "says"),
    [
        pytest.param(found(0.3, 0.5, 0.7), "0.50 (0.30 to 0.70), p = 0.01; the interval excludes 0", id="holds"),
        pytest.param(found(-0.2, 0.1, 0.4), "these points show no relation, which does not say", id="open"),
        pytest.param(
            found(-0.7, -0.5, -0.3), "runs against the predicted one: the prediction is refuted", id="refuted"
        ),
        pytest.param(
            Correlation(quantity=QUANTITY, rho=unknown("1", "bootstrap", "3 points"), points=3, p_value=float("nan")),
            "cannot be told: 3 points",
            id="too few",
        ),
        pytest.param(None, "ramp at the places it picks, then give it the trigger map", id="nothing measured"),
    ],
)
def test_the_verdict_says_what_follows_and_what_does_not(correlation: Correlation | None, says: str) -> None:
    assert says in " ".join(verdict(correlation))
