"""Every parser against broken input: whatever comes, the answer is a result or an error of ours, soon."""

import json
import random
import re
import resource
import signal
import sys
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType

from benchmarks.soak.mutation import Mutator
from benchmarks.soak.parsers import Parse, Parser, parsers
from benchmarks.soak.rows import FOLDER, Row

KEPT = FOLDER / "fuzz"
"""A file for each parser: what the last attack on it came to."""
PATIENCE = 5.0
"""Longest time (s) one input may take."""
MEMORY = 4 << 30
"""Most address space (bytes) the process may ask for."""


@dataclass
class Attack:
    """What came of so many inputs to one parser: how many it took, and those it met with anything else than an answer."""

    parser: str
    inputs: int = 0
    taken: int = 0
    ends: set[str] = field(default_factory=set)
    """The different ends there were: kinds of error and the lines they came from."""
    failures: dict[str, bytes] = field(default_factory=dict)
    seconds: float = 0.0


def attack(parser: Parser, count: int, seed: int = 0) -> Attack:
    """Feed `parser` with `count` broken inputs."""
    found, begun = Attack(parser.name), time.monotonic()
    with parser.ready() as parse, _deadline():
        mutator = Mutator(parser.seeds, random.Random(seed), parser.words)
        for _ in range(count):
            made = mutator.make()
            end = _end(parser, parse, made, found)
            found.inputs += 1
            if end not in found.ends:
                found.ends.add(end)
                mutator.keep(made)
    found.seconds = time.monotonic() - begun
    return found


def _end(parser: Parser, parse: Parse, made: bytes, found: Attack) -> str:
    """Parse one input; return how that ended."""
    signal.setitimer(signal.ITIMER_REAL, PATIENCE)
    try:
        parse(made)
    except parser.refusals as error:
        return _shape(error)
    except Exception as error:
        place = traceback.extract_tb(error.__traceback__)[-1]
        key = f"{type(error).__name__} in {place.name} ({place.filename.rpartition('/')[2]}:{place.lineno}): {error}"[
            :200
        ]
        found.failures.setdefault(re.sub(r"\d{3,}", "#", key), made)
        return f"failure {type(error).__name__} {place.name}"
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
    found.taken += 1
    return "taken"


def _shape(error: BaseException) -> str:
    """Return where an error comes from: its text repeats the input, and would make every input a new end."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    cause = type(error.__context__).__name__
    return f"{type(error).__name__} {cause} {trace.tb_lineno if trace else 0}"


@contextmanager
def _deadline() -> Iterator[None]:
    """Let an input that takes too long, or asks for too much memory, fail."""

    def late(number: int, frame: FrameType | None) -> None:
        raise TimeoutError(f"more than {PATIENCE:g} s")

    before = signal.signal(signal.SIGALRM, late)
    limits = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, limits)
        signal.signal(signal.SIGALRM, before)


def soak(count: int, names: list[str] | None = None) -> Row:
    """Attack every parser, or those named; print what broke them as it comes. Earlier attacks on others are kept."""
    for parser in parsers():
        if names and parser.name not in names:
            continue
        found = attack(parser, round(count * parser.share))
        rate = found.inputs / found.seconds
        print(
            f"{found.parser}: {found.inputs} inputs, {found.taken} taken, {len(found.ends)} ends, {rate:.0f} a second"
        )
        for key, made in found.failures.items():
            print(f"  {key}\n    {made[:300]!r}")
        sys.stdout.flush()
        _keep(found)
        told().save()
    return told()


def _keep(found: Attack) -> None:
    KEPT.mkdir(parents=True, exist_ok=True)
    counts = {"inputs": found.inputs, "taken": found.taken, "ends": len(found.ends), "failures": len(found.failures)}
    place = KEPT / f"{found.parser.replace(' ', '-').strip('-')}.json"
    place.write_text(json.dumps({"parser": found.parser, **counts}) + "\n", encoding="utf-8")


def told() -> Row:
    """Return the row of all attacks kept."""
    attacks = [json.loads(place.read_text(encoding="utf-8")) for place in sorted(KEPT.glob("*.json"))]
    each = "; ".join(f"{attack['parser']} {attack['inputs']:,}" for attack in attacks)
    return Row(
        "fuzz",
        f"broken inputs for {len(attacks)} parsers: {each}",
        f"{sum(attack['inputs'] for attack in attacks):,}",
        f"unhandled exceptions, hangs over {PATIENCE:g} s or demands for more than {MEMORY >> 30} GiB: "
        f"{sum(attack['failures'] for attack in attacks)}; inputs taken as good {sum(attack['taken'] for attack in attacks):,}",
    )
