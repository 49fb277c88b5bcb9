"""What is repeated, what never, and that every repetition is logged."""

import logging

import pytest

from nanoprobe.errors import GarbledAnswer, InstrumentError, InstrumentTimeout, LinkLost
from nanoprobe.retry import POLICY, Operation, attempt


class Failing:
    """Fails with the given errors, one a call, then succeeds; remembers the time each call was given."""

    def __init__(self, *errors: Exception) -> None:
        self._errors = list(errors)
        self.times: list[float | None] = []

    def __call__(self, again: float | None) -> str:
        self.times.append(again)
        if self._errors:
            raise self._errors.pop(0)
        return "done"


@pytest.mark.parametrize("error", [InstrumentTimeout("late"), GarbledAnswer("noise")], ids=["timeout", "garbled"])
def test_a_question_is_asked_once_more_with_a_shorter_deadline_and_that_is_logged(error, caplog):
    do = Failing(error)
    with caplog.at_level(logging.WARNING):
        assert attempt(Operation.READ, "asking for the time", do) == "done"
    assert do.times == [None, POLICY[Operation.READ].timeout]
    assert [record.message for record in caplog.records] == [f"asking for the time failed ({error}); repetition 1 of 1"]


def test_the_last_failure_is_the_one_that_is_told():
    with pytest.raises(InstrumentTimeout, match="second"):
        attempt(Operation.READ, "x", Failing(InstrumentTimeout("first"), InstrumentTimeout("second")))


@pytest.mark.parametrize("error", [LinkLost("gone"), InstrumentError("refused")], ids=["lost link", "refusal"])
def test_a_lost_link_and_a_refusal_are_answers_and_not_asked_again(error):
    do = Failing(error)
    with pytest.raises(type(error)):
        attempt(Operation.READ, "x", do)
    assert len(do.times) == 1


@pytest.mark.parametrize("operation", [Operation.TAKE, Operation.SET, Operation.MOVE, Operation.BIAS], ids=str)
@pytest.mark.parametrize(
    "error", [InstrumentTimeout("late"), GarbledAnswer("noise"), LinkLost("gone")], ids=lambda e: str(e)
)
def test_what_moves_biases_or_changes_anything_is_never_repeated(operation, error):
    do = Failing(error)
    with pytest.raises(type(error)):
        attempt(operation, "x", do)
    assert do.times == [None]


@pytest.mark.parametrize(
    "error", [InstrumentTimeout("late"), LinkLost("gone"), InstrumentError("on")], ids=lambda e: str(e)
)
def test_making_safe_is_tried_twice_whatever_went_wrong(error):
    assert attempt(Operation.MAKE_SAFE, "x", Failing(error)) == "done"


def test_every_operation_has_a_rule_that_says_why():
    assert set(POLICY) == set(Operation)
    assert all(rule.because for rule in POLICY.values())
