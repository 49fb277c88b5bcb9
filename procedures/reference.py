"""Has the tip changed during a map? The reference value of its contact checks against the first of them."""

import math

from nanoprobe.errors import ContactLost
from nanoprobe.records import CheckDone
from nanoprobe.units import si
from procedures.inputs import percent


class Reference:
    """Holds the first check's value: the pad's resistance where the checks stand on one, else the adhesion."""

    def __init__(self, on_pad: bool, largest_drift: float) -> None:
        self._name, self._unit = ("contact_resistance", "ohm") if on_pad else ("adhesion", "N")
        self._largest = largest_drift
        self._first = math.nan

    def judge(self, done: CheckDone) -> CheckDone:
        """Return the check, failed where its reference value drifted by more than allowed (relative to the first).

        A change within three of its own standard uncertainties is none.
        """
        value = done.values[self._name]
        if math.isnan(self._first):
            self._first = value
        change = abs(value - self._first)
        doubt = 3 * math.sqrt(2) * done.values["adhesion_uncertainty"] if self._name == "adhesion" else 0.0
        if not done.passed or not change > max(self._largest * self._first, doubt):
            return done
        what = self._name.replace("_", " ")
        reason = (
            f"the {what} drifted by {percent(change / self._first) if self._first else 'all of it'}, from "
            f"{si(self._first, self._unit)} to {si(value, self._unit)} ({percent(self._largest)} allowed)"
        )
        return CheckDone(False, done.values, reason)


class FailedContacts:
    """Counts the landings of a map that failed; more than `allowed` end it."""

    def __init__(self, allowed: int) -> None:
        self._allowed = allowed
        self._count = 0

    def add(self, problem: ContactLost) -> None:
        """Count one. Raises ContactLost when there are too many."""
        self._count += 1
        if self._count > self._allowed:
            raise ContactLost(
                f"{self._count} landings failed, {self._allowed} are allowed; the last one: {problem}. Look at the "
                f"tip, the laser spot and the surface before going on"
            ) from problem
