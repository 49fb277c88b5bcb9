import math

import pytest

from sim_instruments.nanonis.safe_conditions import Logic, SafeAction, SafeConditions, SafeGuard, Threshold

ABOVE_1, BELOW_MINUS_1 = Threshold(1.0, 0), Threshold(-1.0, 1, below=True)


def verdicts(conditions: SafeConditions, *points: tuple[float, float]) -> list[SafeAction]:
    guard = SafeGuard(conditions)
    return [guard.verdict(point.__getitem__) for point in points]


@pytest.mark.parametrize(
    ("logic", "point", "met"),
    [
        pytest.param(Logic.OFF, (2.0, 0.0), True, id="first alone"),
        pytest.param(Logic.OFF, (0.0, -2.0), False, id="second does not count when off"),
        pytest.param(Logic.OFF, (1.0, 0.0), False, id="at the threshold is not beyond it"),
        pytest.param(Logic.OR, (0.0, -2.0), True, id="or takes the second"),
        pytest.param(Logic.OR, (0.0, 0.0), False, id="or with neither"),
        pytest.param(Logic.AND, (2.0, 0.0), False, id="and with one"),
        pytest.param(Logic.AND, (2.0, -2.0), True, id="and with both"),
    ],
)
def test_conditions_join_as_their_logic_says(logic: Logic, point: tuple[float, float], met: bool) -> None:
    conditions = SafeConditions(SafeAction.STOP, ABOVE_1, logic, BELOW_MINUS_1)
    assert verdicts(conditions, point) == [SafeAction.STOP if met else SafeAction.OFF]


def test_then_waits_for_the_second_after_the_first_was_met() -> None:
    conditions = SafeConditions(SafeAction.REVERSE, ABOVE_1, Logic.THEN, BELOW_MINUS_1)
    assert verdicts(conditions, (0, -2), (2, 0), (0, 0), (0, -2)) == [0, 0, 0, SafeAction.REVERSE]


def test_nothing_happens_when_the_action_is_off() -> None:
    assert verdicts(SafeConditions(first=ABOVE_1), (2.0, 0.0)) == [SafeAction.OFF]


def test_no_change_codes_leave_a_threshold_as_it_is() -> None:
    assert BELOW_MINUS_1.changed(math.nan, -1, 2) == BELOW_MINUS_1
    assert BELOW_MINUS_1.changed(3.0, 7, 0) == Threshold(3.0, 7)
