"""What may be repeated when an instrument did not answer, and what never: the whole policy, as data.

A command whose answer is missing may have been done all the same. So only what changes nothing is asked again; what
moves or biases is never sent twice. Drivers say which `Operation` a command is; one they do not know is SET.
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from nanoprobe.errors import GarbledAnswer, InstrumentTimeout, NanoprobeError

_log = logging.getLogger(__name__)

T = TypeVar("T")


class Operation(StrEnum):
    """What a command does to the instrument."""

    READ = "read"
    """Asks for a state or a value and leaves everything as it is."""
    TAKE = "take"
    """Takes away what it reads, or measures: error queue, event registers, a reading into a buffer."""
    SET = "set"
    """Changes a setting."""
    MOVE = "move"
    """Moves tip or sample, or starts or ends something that does."""
    BIAS = "bias"
    """Puts a voltage on the sample, or starts something that does."""
    MAKE_SAFE = "make safe"
    """Switches off, to 0 V, or withdraws."""


@dataclass(frozen=True, slots=True)
class Rule:
    """`repeats`: how often more it may be tried, on which errors; `timeout`: how long (s) a repetition may take."""

    repeats: int
    errors: tuple[type[NanoprobeError], ...]
    timeout: float
    because: str


_NEVER: tuple[type[NanoprobeError], ...] = ()

POLICY: Mapping[Operation, Rule] = {
    Operation.READ: Rule(1, (InstrumentTimeout, GarbledAnswer), 2.0, "asking again changes nothing"),
    Operation.TAKE: Rule(0, _NEVER, 0.0, "the first question may have taken the answer away"),
    Operation.SET: Rule(0, _NEVER, 0.0, "what the instrument is set to is unknown: the run ends and is made safe"),
    Operation.MOVE: Rule(0, _NEVER, 0.0, "it may have moved already"),
    Operation.BIAS: Rule(0, _NEVER, 0.0, "the sample may have been biased already"),
    Operation.MAKE_SAFE: Rule(1, (NanoprobeError,), 2.0, "twice off is as safe as once, and no answer is not off"),
}
"""What may be repeated. A lost connection is never taken up again but to make safe: who knows what happened meanwhile."""


def attempt(operation: Operation, what: str, do: Callable[[float | None], T]) -> T:
    """Do it, and again where `POLICY` allows that; each repetition is logged with `what` and the error before it.

    `do` gets the longest time (s) it may take, None for its own.
    """
    rule = POLICY[operation]
    for repetition in range(1, rule.repeats + 1):
        try:
            return do(None if repetition == 1 else rule.timeout)
        except rule.errors as error:
            _log.warning("%s failed (%s); repetition %d of %d", what, error, repetition, rule.repeats)
    return do(rule.timeout if rule.repeats else None)
