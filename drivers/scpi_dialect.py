"""What lines of SCPI mean, for recordings and replays: headers in their short form, arguments as numbers where they are."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from nanoprobe.recording import Command, Field

_SWITCH = {"ON": 1.0, "OFF": 0.0}
IN_PARTS = "TRIG:STAT?"
"""The question that answers in several parts (state, state, block of a trigger model)."""


@dataclass(frozen=True)
class Meaning:
    """Names and units of a command's arguments, or of a question's answers, such as `level V, current A`."""

    words: str

    def label(self, values: list[str]) -> tuple[Field, ...]:
        """Return values with their names and units; a single name stands for all."""
        parts = [part.split() for part in self.words.split(",") if part]
        named = []
        for index, value in enumerate(values):
            name, unit = (*(parts[index % len(parts)] if parts else ()), "", "")[:2]
            named.append(Field(number_or_text(value), name, unit))
        return tuple(named)


_UNKNOWN = Meaning("")


@dataclass(frozen=True)
class ScpiDialect:
    """One instrument's SCPI. Headers as keys are in short form, without the first colon.

    `arguments`, `answers`: what the values mean; `polls`: questions that change nothing; `settings`: settings that do not
    depend on each other's order.
    """

    arguments: Mapping[str, Meaning]
    answers: Mapping[str, Meaning]
    polls: frozenset[str]
    settings: frozenset[str] = field(default_factory=frozenset)

    def split(self, stream: bytes) -> tuple[list[bytes], bytes]:
        """Return the lines at the begin of `stream`."""
        *lines, rest = stream.split(b"\n")
        return [line + b"\n" for line in lines], rest

    def commands(self, message: bytes) -> tuple[Command, ...]:
        """Return the commands of a line."""
        return tuple(self._command(header, tuple(arguments)) for header, arguments in parsed(message))

    def _command(self, header: str, arguments: tuple[str, ...]) -> Command:
        asks = header.endswith("?")
        meaning = self.arguments.get(header, _UNKNOWN)
        name = header if header.startswith("*") else f":{header}"
        return Command(name, meaning.label(list(arguments)), asks, header in self.polls)

    def answer(self, message: bytes, answer: bytes) -> tuple[Field, ...]:
        """Return what the answer to a line says."""
        if answer.startswith(b"#"):
            return (Field(f"block of {len(answer)} bytes"),)
        questions = [header for header, _ in parsed(message) if header.endswith("?")]
        parts = answer.decode("latin-1").rstrip("\r\n").split(";")
        if len(parts) < len(questions) or not questions:
            return (Field(";".join(parts)),)
        # What is left over belongs to the question that answers in several parts, or to the last one.
        more = next((place for place, question in enumerate(questions) if question == IN_PARTS), len(questions) - 1)
        last = more + 1 + len(parts) - len(questions)
        texts = [*parts[:more], ",".join(parts[more:last]), *parts[last:]]
        found: tuple[Field, ...] = ()
        for question, text in zip(questions, texts, strict=True):
            found += self.answers.get(question, _UNKNOWN).label(arguments_of(text))
        return found

    def independent(self, one: Command, other: Command) -> bool:
        """Two different settings that the instrument keeps apart."""
        names = {one.name.lstrip(":"), other.name.lstrip(":")}
        return len(names) == 2 and names <= self.settings


@lru_cache(maxsize=4096)
def parsed(message: bytes) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Return header (short form, upper case, from the root) and arguments of each command in a line."""
    found, path = [], ""
    for unit in _split_outside_quotes(message.decode("latin-1").strip(), ";"):
        header, _, rest = unit.strip().partition(" ")
        if not header:
            continue
        header = header.upper()
        if header[0] not in ":*" and path:
            header = f"{path}:{header}"
        header = ":".join(map(short, header.lstrip(":").split(":")))
        path = header.rpartition(":")[0] if header[0] != "*" else path
        found.append((header, tuple(arguments_of(rest))))
    return tuple(found)


def short(mnemonic: str) -> str:
    """Return the short form of a mnemonic by the rule of SCPI-99 volume 1, 6.2.1: four letters, three before a vowel."""
    word, question = mnemonic.rstrip("?"), "?" if mnemonic.endswith("?") else ""
    digits = word[len(word.rstrip("0123456789")) :]
    letters = word[: len(word) - len(digits)]
    if len(letters) > 4 and letters.isalpha():
        letters = letters[: 3 if letters[3] in "AEIOU" else 4]
    return letters + digits + question


def arguments_of(text: str) -> list[str]:
    """Return the arguments of a command, or the values of an answer."""
    return [part.strip() for part in _split_outside_quotes(text, ",")] if text.strip() else []


def _split_outside_quotes(text: str, separator: str) -> list[str]:
    parts, quote = [""], ""
    for letter in text:
        if letter == separator and not quote:
            parts.append("")
            continue
        if letter in "\"'" and (not quote or letter == quote):
            quote = "" if quote else letter
        parts[-1] += letter
    return parts


def number_or_text(text: str) -> float | str:
    """Return a number where `text` is one or a switch, the text without its quotes where not."""
    if text.upper() in _SWITCH:
        return _SWITCH[text.upper()]
    try:
        return float(text)
    except ValueError:
        return text.strip("\"'")
