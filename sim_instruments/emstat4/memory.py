"""The memory of a running script: variables, arrays, and the commands that only compute."""

import math
import re
from collections.abc import Callable
from typing import Final

from sim_instruments.emstat4 import errors
from sim_instruments.emstat4.errors import ScriptError
from sim_instruments.emstat4.literals import parse_number
from sim_instruments.emstat4.packages import Value
from sim_instruments.emstat4.parser import Command

Do = Callable[[], None]
Number = Callable[[], Value]

_ELEMENT = re.compile(r"(\w+)\[([^\]]*)\]")
LARGEST_ARRAY: Final = 65536


class Memory:
    """Variables and arrays by name. `do_...` turns a command of that name into a function."""

    def __init__(self) -> None:
        self._values: dict[str, Value] = {}
        self._arrays: dict[str, list[Value]] = {}

    def number(self, text: str) -> Number:
        """Return what gives the value of a literal, a variable or an element."""
        literal = parse_number(text)
        if literal is not None:
            value = Value("aa", literal[0], literal[1])
            return lambda: value
        if "[" in text:
            place = self._place(text)

            def look() -> Value:
                array, at = place()
                return array[at]

            return look
        values = self._values
        return lambda: values[text]

    def _place(self, text: str) -> Callable[[], tuple[list[Value], int]]:
        element = _ELEMENT.fullmatch(text)
        assert element is not None, "the parser lets no other word through"
        name, index = element[1], self.number(element[2].strip())

        def place() -> tuple[list[Value], int]:
            array, at = self._arrays[name], int(index().number)
            if not 0 <= at < len(array):
                raise ScriptError(errors.OUT_OF_BOUNDS)
            return array, at

        return place

    def store(self, text: str) -> Callable[[Value], None]:
        """Return what puts a value into a variable or an element."""
        if "[" not in text:
            values = self._values

            def simple(value: Value) -> None:
                values[text] = value

            return simple
        place = self._place(text)

        def element(value: Value) -> None:
            array, at = place()
            array[at] = value

        return element

    def do_var(self, command: Command) -> Do:
        """See the command `var`."""
        self._values[command.args[0]] = Value()
        return lambda: self._values.__setitem__(command.args[0], Value())

    def do_array(self, command: Command) -> Do:
        """See the command `array`."""
        size = self.number(command.args[1])

        def do() -> None:
            count = int(size().number)
            if not 1 <= count <= LARGEST_ARRAY:
                raise ScriptError(errors.OUT_OF_BOUNDS)
            self._arrays[command.args[0]] = [Value() for _ in range(count)]

        return do

    def do_store_var(self, command: Command) -> Do:
        """See the command `store_var`."""
        store, number = self.store(command.args[0]), self.number(command.args[1])
        kind = command.args[2] if len(command.args) > 2 else "aa"

        def do() -> None:
            value = number()
            store(Value(kind, value.number, value.whole))

        return do

    def do_copy_var(self, command: Command) -> Do:
        """See the command `copy_var`."""
        number, store = self.number(command.args[0]), self.store(command.args[1])

        def do() -> None:
            value = number()
            store(Value(value.kind, value.number, value.whole, value.status, value.range))

        return do

    def do_alter_vartype(self, command: Command) -> Do:
        """See the command `alter_vartype`."""
        number, kind = self.number(command.args[0]), command.args[1]
        return lambda: setattr(number(), "kind", kind)

    def _changing(self, command: Command, change: Callable[[float, float], float]) -> Do:
        target, store = self.number(command.args[0]), self.store(command.args[0])
        other = self.number(command.args[1]) if len(command.args) > 1 else self.number("0")

        def do() -> None:
            value = target()
            try:
                number = change(value.number, other().number)
            except (ValueError, OverflowError):
                number = math.nan
            store(Value(value.kind, float(int(number)) if value.whole else number, value.whole))

        return do

    def do_add_var(self, command: Command) -> Do:
        """See the command `add_var`."""
        return self._changing(command, lambda a, b: a + b)

    def do_sub_var(self, command: Command) -> Do:
        """See the command `sub_var`."""
        return self._changing(command, lambda a, b: a - b)

    def do_mul_var(self, command: Command) -> Do:
        """See the command `mul_var`."""
        return self._changing(command, lambda a, b: a * b)

    def do_div_var(self, command: Command) -> Do:
        """See the command `div_var`."""
        return self._changing(command, _divide)

    def do_mod_var(self, command: Command) -> Do:
        """See the command `mod_var`."""
        return self._changing(command, lambda a, b: a - b * math.floor(_divide(a, b)))

    def do_pow_var(self, command: Command) -> Do:
        """See the command `pow_var`."""
        return self._changing(command, math.pow)

    def do_log_var(self, command: Command) -> Do:
        """See the command `log_var`."""
        return self._changing(command, lambda a, b: math.log10(a))

    def do_abs_var(self, command: Command) -> Do:
        """See the command `abs_var`."""
        return self._changing(command, lambda a, b: abs(a))

    def do_int_to_float(self, command: Command) -> Do:
        """See the command `int_to_float`."""
        number = self.number(command.args[0])
        return lambda: setattr(number(), "whole", False)

    def do_float_to_int(self, command: Command) -> Do:
        """See the command `float_to_int`."""
        number, store = self.number(command.args[0]), self.store(command.args[0])
        return lambda: store(Value(number().kind, float(round(number().number)), True))

    def do_mean(self, command: Command) -> Do:
        """See the command `mean`."""
        store = self.store(command.args[1])

        def do() -> None:
            array = self._arrays[command.args[0]]
            store(Value(array[0].kind, sum(value.number for value in array) / len(array)))

        return do


def _divide(a: float, b: float) -> float:
    if b == 0:
        raise ScriptError(errors.DIVIDED_BY_ZERO)
    return a / b
