import math

import pytest

from nanoprobe.errors import Interlocked, LimitExceeded
from nanoprobe.interlock import Interlock
from nanoprobe.limits import Limits


def test_a_value_at_the_limit_is_allowed() -> None:
    Limits(bias=6.0).check_bias(-6.0, "ramp bias")


@pytest.mark.parametrize("value", [6.01, -7.0, math.nan, math.inf])
def test_a_value_beyond_the_limit_is_refused_and_never_clipped(value: float) -> None:
    with pytest.raises(LimitExceeded):
        Limits(bias=6.0).check_bias(value, "ramp bias")


def test_the_refusal_names_value_unit_limit_and_remedy() -> None:
    with pytest.raises(
        LimitExceeded,
        match=r"^compliance: 2 µA is beyond the bench's limit of 1 µA \(\[limits\] current\); choose a smaller",
    ):
        Limits().check_current(2e-6, "compliance")


def test_the_interlock_keeps_its_first_cause_until_it_is_reset() -> None:
    interlock = Interlock()
    interlock.check()
    interlock.latch("current of 2 µA")
    interlock.latch("force of 3 µN")
    with pytest.raises(Interlocked, match="current of 2 µA"):
        interlock.check()
    interlock.reset("Ada")
    interlock.check()


def test_latch_and_reset_are_logged(caplog: pytest.LogCaptureFixture) -> None:
    interlock = Interlock()
    interlock.latch("link lost")
    interlock.reset("Ada")
    assert [record.getMessage() for record in caplog.records] == [
        "interlock latched: link lost",
        "interlock reset by Ada; the cause had been: link lost",
    ]
