"""Broken inputs without end: good ones cut, repeated, spliced, flipped, and strewn with what parsers stumble over."""

import random
from collections.abc import Sequence

WORDS = (
    b"nan", b"inf", b"-inf", b"1e999", b"-1", b"0", b"9" * 40, b"1e-400", b"0x1p-3", b"1_0", b"\x00", b"\n", b"\r\n",
    b"\xff", b"\xc3\xa9", b"\xf0\x9f\x92\xa9", b"'", b'"', b"\\", b"[" * 200, b"{" * 200, b"(" * 60, b",", b";", b":", b"=",
    b"../../x", b"true", b"null", b"%s%n", b"\x7f\xff\xff\xff", b"\xff\xff\xff\xff", b"\x80\x00\x00\x00", b"\x00\x00\x00\x00",
    b"\x7f\xf0\x00\x00\x00\x00\x00\x00", b"9**9**9", b"1 " * 30,
)  # fmt: skip
"""Tokens and big-endian numbers at the edges of their types."""
KEPT = 2000
"""Most inputs kept because they came to a new end."""


class Mutator:
    """Makes inputs from `seeds`; one that led somewhere new is kept and bred from."""

    def __init__(self, seeds: Sequence[bytes], pick: random.Random, words: Sequence[bytes] = ()) -> None:
        self._pool = list(seeds)
        self._longest = 1024 + 2 * max(map(len, seeds))  # breeding would make inputs longer and longer, and dearer
        self._pick = pick
        self._words = (*WORDS, *words)
        self._ways = (self._flip, self._cut, self._repeat, self._insert, self._replace, self._splice, self._byte)

    def make(self) -> bytes:
        """Return the next input: a good one, broken once to four times, mostly once."""
        pick = self._pick
        made = pick.choice(self._pool)
        for _ in range(pick.choice((1, 1, 1, 2, 2, 3, 4))):
            made = pick.choice(self._ways)(made)
        return made[: self._longest]

    def keep(self, made: bytes) -> None:
        """Breed from `made` too."""
        if len(self._pool) < KEPT:
            self._pool.append(made)

    def _span(self, made: bytes) -> tuple[int, int]:
        start = self._pick.randrange(len(made) + 1)
        return start, min(len(made), start + self._pick.choice((1, 1, 2, 4, 8, 30)))

    def _flip(self, made: bytes) -> bytes:
        if not made:
            return made
        place = self._pick.randrange(len(made))
        return made[:place] + bytes([made[place] ^ (1 << self._pick.randrange(8))]) + made[place + 1 :]

    def _byte(self, made: bytes) -> bytes:
        start, end = self._span(made)
        return made[:start] + bytes([self._pick.randrange(256)]) + made[end:]

    def _cut(self, made: bytes) -> bytes:
        start, end = self._span(made)
        return made[:start] + made[end:]

    def _repeat(self, made: bytes) -> bytes:
        start, end = self._span(made)
        return made[:end] + made[start:end] * self._pick.choice((1, 1, 2, 20)) + made[end:]

    def _insert(self, made: bytes) -> bytes:
        start, _ = self._span(made)
        return made[:start] + self._pick.choice(self._words) + made[start:]

    def _replace(self, made: bytes) -> bytes:
        start, end = self._span(made)
        return made[:start] + self._pick.choice(self._words) + made[end:]

    def _splice(self, made: bytes) -> bytes:
        other = self._pick.choice(self._pool)
        return made[: self._span(made)[0]] + other[self._span(other)[0] :]
