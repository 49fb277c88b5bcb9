"""A script read whole before anything of it is done: words with their columns, then blocks, then names."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from sim_instruments.emstat4 import errors, grammar
from sim_instruments.emstat4.errors import ParseError
from sim_instruments.emstat4.grammar import FORMS, IF, LOOP, MEASURE, PACKAGE, Form
from sim_instruments.emstat4.literals import looks_like_number, parse_number

LONGEST_LINE = 256
"""Characters in a line that the device takes: one of the maker's own examples (MSExample029) has 181."""
LARGEST = 32768
"""Characters in a whole script."""
_WORD = re.compile(r'f?"[^"]*"|[A-Za-z_]\w*\([^()]*\)|[A-Za-z_]\w*\[[^\[\]]*\]|[^\s#]+')
_NAME = re.compile(r"[A-Za-z_]\w*")
_ELEMENT = re.compile(r"([A-Za-z_]\w*)\[([^\[\]]*)\]")
_OPTION = re.compile(r"([A-Za-z_]\w*)\(([^()]*)\)")
_TYPE = re.compile(r"[a-z]{2}")


@dataclass(frozen=True)
class Word:
    """A word of a line and the column it begins at, from 1."""

    text: str
    column: int


@dataclass
class Command:
    """One command; `body` holds what it encloses, `otherwise` the branches that follow an `if`."""

    name: str
    args: tuple[str, ...]
    options: dict[str, tuple[str, ...]]
    line: int
    body: list["Command"] = field(default_factory=list)
    otherwise: list["Command"] = field(default_factory=list)


@dataclass
class Script:
    """A script that may run: what it does, and what it does at its end."""

    commands: list[Command]
    finish: list[Command]


def parse(lines: list[str]) -> Script:
    """Return the script of `lines`. Raises ParseError at the first thing wrong."""
    return _Parser(lines).parse()


class _Parser:
    def __init__(self, lines: list[str]) -> None:
        self._lines = lines
        self._names: dict[str, str] = {}
        self._top: list[Command] = []
        self._finish: list[Command] | None = None
        self._open: list[tuple[str, Command]] = []
        self._line = 0

    def parse(self) -> Script:
        if sum(len(line) + 1 for line in self._lines) > LARGEST:
            raise ParseError(errors.SCRIPT_TOO_LARGE, len(self._lines), 1)
        for number, line in enumerate(self._lines, 1):
            self._line = number
            self._parse_line(line)
        if self._open:
            raise ParseError(errors.ENDED_EARLY, len(self._lines) + 1, 1)
        return Script(self._top, self._finish or [])

    def _fail(self, code: int, column: int) -> ParseError:
        return ParseError(code, self._line, column)

    def _parse_line(self, line: str) -> None:
        if len(line) > LONGEST_LINE:
            raise self._fail(errors.LINE_TOO_LONG, LONGEST_LINE + 1)
        words = self._words(line)
        if not words:
            return
        if words[0].text == grammar.ON_FINISHED:
            self._begin_finish(words[0])
            return
        form = FORMS.get(words[0].text)
        if form is None:
            raise self._fail(errors.UNKNOWN_SCRIPT_COMMAND, words[0].column)
        self._place(self._command(words, form, len(line) + 1), form, words[0].column)

    def _words(self, line: str) -> list[Word]:
        found, end = [], 0
        for match in _WORD.finditer(line):
            if "#" in line[end : match.start()]:
                break
            found.append(Word(match[0], match.start() + 1))
            end = match.end()
        for word in found:
            strange = next((at for at, char in enumerate(word.text) if not 32 <= ord(char) < 127), None)
            if strange is not None or (word.text.count('"') % 2):
                raise self._fail(errors.UNEXPECTED_CHARACTER, word.column + (strange or 0))
        return found

    def _begin_finish(self, word: Word) -> None:
        if self._open or self._finish is not None:
            raise self._fail(errors.NOT_HERE, word.column)
        self._finish = []

    # --- one command

    def _command(self, words: list[Word], form: Form, end: int) -> Command:
        args: list[str] = []
        rest = words[1:]
        for kind in re.findall(r"\w\??", form.args):
            if kind.endswith("?") and not (rest and _TYPE.fullmatch(rest[0].text)):
                continue
            if not rest:
                raise self._fail(errors.ENDED_EARLY, end)
            args.append(self._argument(rest.pop(0), kind[0]))
        return Command(words[0].text, tuple(args), self._options(rest, form), self._line)

    def _options(self, words: list[Word], form: Form) -> dict[str, tuple[str, ...]]:
        found = {}
        for word in words:
            option = _OPTION.fullmatch(word.text)
            if option is None:
                raise self._fail(errors.UNEXPECTED_CHARACTER, word.column)
            if option[1] not in form.options:
                raise self._fail(errors.BAD_OPTION, word.column)
            found[option[1]] = tuple(option[2].split())
        return found

    def _argument(self, word: Word, kind: str) -> str:
        checks: dict[str, Callable[[Word], None]] = {
            "d": self._declare,
            "w": self._variable,
            "r": self._variable,
            "a": self._array,
            "n": self._number,
            "t": lambda word: self._require(bool(_TYPE.fullmatch(word.text)), errors.BAD_ARGUMENT, word),
            "c": lambda word: self._require(word.text in grammar.COMPARISONS, errors.UNEXPECTED_CHARACTER, word),
            "s": lambda word: self._require('"' in word.text, errors.UNEXPECTED_CHARACTER, word),
        }
        checks[kind](word)
        return word.text

    def _require(self, good: bool, code: int, word: Word) -> None:
        if not good:
            raise self._fail(code, word.column)

    def _declare(self, word: Word) -> None:
        self._require(bool(_NAME.fullmatch(word.text)), errors.UNEXPECTED_CHARACTER, word)
        self._require(word.text not in self._names, errors.REDECLARED, word)
        self._names[word.text] = "array" if self._lines[self._line - 1].split()[0] == "array" else "var"

    def _variable(self, word: Word) -> None:
        element = _ELEMENT.fullmatch(word.text)
        if element is not None:
            self._require(self._names.get(element[1]) == "array", errors.UNDECLARED, word)
            self._number(Word(element[2].strip(), word.column + len(element[1]) + 1))
            return
        self._require(bool(_NAME.fullmatch(word.text)), errors.UNEXPECTED_CHARACTER, word)
        self._require(self._names.get(word.text) == "var", errors.UNDECLARED, word)

    def _array(self, word: Word) -> None:
        self._require(self._names.get(word.text) == "array", errors.UNDECLARED, word)

    def _number(self, word: Word) -> None:
        if looks_like_number(word.text):
            self._require(parse_number(word.text) is not None, errors.BAD_LITERAL, word)
        else:
            self._variable(word)

    # --- blocks

    def _place(self, command: Command, form: Form, column: int) -> None:
        if command.name == "pck_add" and not self._inside(PACKAGE):
            raise self._fail(errors.BAD_PACKAGE_ORDER, column)
        if command.name == "breakloop" and not (self._inside(LOOP) or self._inside(MEASURE)):
            raise self._fail(errors.NOT_HERE, column)
        if form.closes:
            self._close(command, form, column)
        if form.opens == MEASURE and self._inside(MEASURE):
            raise self._fail(errors.NESTED_MEASUREMENT, column)
        if form.opens == PACKAGE and self._inside(PACKAGE):
            raise self._fail(errors.BAD_PACKAGE_ORDER, column)
        if not form.closes:
            self._body().append(command)
        if form.opens:
            self._open.append((form.opens, command))

    def _close(self, command: Command, form: Form, column: int) -> None:
        if not self._open or self._open[-1][0] not in form.closes:
            raise self._fail(errors.BAD_PACKAGE_ORDER if command.name == "pck_end" else errors.NOT_HERE, column)
        _, opened = self._open.pop()
        if form.opens == IF:
            if opened.name == "else":
                raise self._fail(errors.NOT_HERE, column)
            opened.otherwise.append(command)

    def _inside(self, block: str) -> bool:
        return any(name == block for name, _ in self._open)

    def _body(self) -> list[Command]:
        if self._open:
            return self._open[-1][1].body
        return self._top if self._finish is None else self._finish
