""" "No change" codes: many setters of the protocol leave a property as it is when told 0, -1 or NaN."""

import math

from sim_instruments.nanonis.registry import CommandError


def switched(code: int, present: bool, what: str) -> bool:
    """Return the state asked for by `code`: 0 no change, 1 on, 2 off."""
    if code not in (0, 1, 2):
        raise CommandError(f"{what} must be 0 (no change), 1 or 2, not {code}")
    return present if code == 0 else code == 1


def on_off(code: int, what: str) -> bool:
    """Return the state asked for by `code`: 0 off, 1 on."""
    if code not in (0, 1):
        raise CommandError(f"{what} must be 0 (off) or 1 (on), not {code}")
    return code == 1


def changed(value: float, present: float) -> float:
    """Return `value`, or `present` where `value` is NaN."""
    return present if math.isnan(value) else value


def positive(value: float, what: str) -> float:
    """Return `value`; raise `CommandError` unless it is a finite number above 0."""
    if not (math.isfinite(value) and value > 0):
        raise CommandError(f"{what} must be above 0, not {value:g}")
    return value


def finite(value: float, what: str) -> float:
    """Return `value`; raise `CommandError` unless it is a finite number."""
    if not math.isfinite(value):
        raise CommandError(f"{what} must be a finite number, not {value}")
    return value


def one_of(index: int, count: int, what: str, first: int = 0) -> int:
    """Return `index`; raise `CommandError` unless it is one of `count` numbers from `first` on."""
    if not first <= index < first + count:
        raise CommandError(f"{what} {index} is out of range ({first} to {first + count - 1})")
    return index
