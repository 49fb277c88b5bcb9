"""A fault as it is written down: `INSTRUMENT:KIND[=VALUE][@command=N|@time=T|@match=TEXT][,for=N][,seed=S]`.

`@command=N`: from the instrument's Nth command since the lab was started (all its connections together); `@time=T`: from
T s of simulated time; `@match=TEXT`: from the first command that contains TEXT, whatever its case; without: at once.
`for=N`: it acts on so many commands from there on (a fault of replies: on N replies; one of connections: on N of them)
and is over; 0: it stays.
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sim_instruments.faults.kinds import ALL, EVER, KINDS, Kind, Layer, kinds_of

FORM = "INSTRUMENT:KIND[=VALUE][@command=N|@time=T|@match=TEXT][,for=N][,seed=S]"
_PARTS = re.compile(
    r"(?P<instrument>[^:@=]*):(?P<kind>[^=@,]*)(=(?P<value>[^@,]*))?"
    r"(@(?P<trigger>[^=,]*)=(?P<where>.*?))?(?P<options>(,(for|seed)=[^,]*)*)",
)


class BadFault(ValueError):
    """A text that describes no fault; says in one line what is wrong and what there is."""


@dataclass(frozen=True)
class FaultSpec:
    """One fault, checked. At most one of `command`, `time` (s) and `match` is given."""

    instrument: str
    kind: str
    value: float | str | None = None
    command: int | None = None
    time: float | None = None
    match: str | None = None
    count: int = 1
    seed: int = 0

    @property
    def layer(self) -> Layer:
        """Where the fault sits."""
        return KINDS[self.kind].layer

    @property
    def number(self) -> float:
        """The value as a number."""
        assert isinstance(self.value, float)
        return self.value


def parse_fault(text: str) -> FaultSpec:
    """Read a fault. Raises BadFault."""
    parts = _PARTS.fullmatch(text.strip())
    if parts is None:
        raise BadFault(f"fault '{text}': write {FORM}; kinds: {', '.join(KINDS)}")
    try:
        return _spec(parts.groupdict())
    except BadFault as error:
        raise BadFault(f"fault '{text}': {error}") from None


def _spec(parts: Mapping[str, str | None]) -> FaultSpec:
    instrument = parts["instrument"] or ""
    if instrument not in ALL:
        raise BadFault(f"no instrument '{instrument}'; there are: {', '.join(ALL)}")
    kind = _kind(instrument, parts["kind"] or "")
    options = _options(parts["options"] or "")
    return FaultSpec(
        instrument=instrument,
        kind=kind.name,
        value=_value(kind, parts["value"]),
        **_trigger(kind, parts["trigger"], parts["where"]),
        count=_count(kind, options.get("for")),
        seed=_whole(options.get("seed", "0"), "seed", 0),
    )


def _kind(instrument: str, name: str) -> Kind:
    kind = KINDS.get(name)
    if kind is None or instrument not in kind.instruments:
        raise BadFault(f"no kind '{name}' for the {instrument}; there are: {', '.join(kinds_of(instrument))}")
    return kind


def _value(kind: Kind, text: str | None) -> float | str | None:
    if text is None:
        return kind.value
    if kind.value is None:
        raise BadFault(f"{kind.name} takes no value")
    if isinstance(kind.value, str):
        return text
    return _number(text, f"the value of {kind.name}", -math.inf)


def _trigger(kind: Kind, name: str | None, where: str | None) -> dict[str, Any]:
    if name is None or where is None:
        return {}
    if name == "command":
        return {"command": _whole(where, "command", 1)}
    if name == "time":
        return {"time": _number(where, "time", 0)}
    if name != "match":
        raise BadFault(f"no trigger '{name}'; there are: command, time, match")
    if not where:
        raise BadFault("match: give a part of a command, like match=:READ? or match=Scan.Action")
    return {"match": where}


def _options(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for option in filter(None, text.split(",")):
        name, _, value = option.partition("=")
        if name in found:
            raise BadFault(f"{name} is given twice")
        found[name] = value
    return found


def _count(kind: Kind, text: str | None) -> int:
    if text is None:
        return kind.count
    count = _whole(text, "for", 0)
    if kind.name == "refuse" and count != EVER:
        raise BadFault("refuse stays for good: for=0 or nothing")
    return count


def _whole(text: str, what: str, least: int) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 12 or int(text) < least:
        raise BadFault(f"{what} must be a whole number from {least} on, not '{text}'")
    return int(text)


def _number(text: str, what: str, least: float) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not (math.isfinite(value) and value >= least):
        raise BadFault(f"{what} must be a number{'' if math.isinf(least) else f' from {least:g} on'}, not '{text}'")
    return value
