"""A parsed script turned into something that runs: plain steps as functions, waiting steps as generators of times."""

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from sim_instruments.emstat4.errors import ScriptError
from sim_instruments.emstat4.frontend import Frontend
from sim_instruments.emstat4.loops import MARKS, Loops
from sim_instruments.emstat4.memory import Do, Memory, Number
from sim_instruments.emstat4.packages import Value, encode
from sim_instruments.emstat4.parser import Command

Run = Callable[[], Iterator[float]]
_HOLE = re.compile(r"\{([^}]*)\}")


class Break(Exception):
    """`breakloop` was met."""


class AbortScript(Exception):
    """The script is to go on with what stands behind `on_finished:`."""


class Program:
    """The memory of a running script, and its commands as Python functions.

    A step that waits yields the simulated time (s) at which it goes on; `send` takes a line of output.
    """

    def __init__(self, frontend: Frontend, loops: Loops, now: Callable[[], float], send: Callable[[str], None]) -> None:
        self._frontend = frontend
        self._loops = loops
        self._now = now
        self._send = send
        self._memory = Memory()
        self._package: list[str] = []
        self._timer = 0.0
        self._interval, self._interval_from = 0.0, 0.0
        self.breaking = False
        """Set to end the present measurement loop."""

    # --- blocks

    def block(self, commands: Sequence[Command]) -> tuple[Do | None, Run]:
        """Return a block as one function, None where it waits somewhere, and as a generator."""
        steps = [(command.line, *self._step(command)) for command in commands]
        if all(do is not None for _, do, _ in steps):
            acts = [(line, do) for line, do, _ in steps if do is not None]
            do_all = _sequence(acts)
            return do_all, lambda: _at_once(do_all)
        return None, lambda: self._run_steps(steps)

    def _run_steps(self, steps: list[tuple[int, Do | None, Run | None]]) -> Iterator[float]:
        for line, do, run in steps:
            try:
                if do is not None:
                    do()
                elif run is not None:
                    yield from run()
            except ScriptError as error:
                raise _placed(error, line) from None

    def _step(self, command: Command) -> tuple[Do | None, Run | None]:
        name, args = command.name, command.args
        if name in MARKS:
            return None, self._measurement(command)
        if name == "if":
            return self._branch(command)
        if name == "loop":
            return self._loop(command)
        if name == "pck_start":
            return self._package_block(command)
        if name == "wait":
            duration = self._memory.number(args[0])
            return None, lambda: self._wait(duration)
        if name == "await_int":
            return None, self._await_interval
        if name == "meas":
            return None, self._measure(command)
        return self._plain(command), None

    def _plain(self, command: Command) -> Do:
        """Return the function of a command that takes no time."""
        computing: Callable[[Command], Do] | None = getattr(self._memory, f"do_{command.name}", None)
        acting: Callable[[Command], Do] = getattr(self, f"_do_{command.name}", self._ignored)
        return (computing or acting)(command)

    def _ignored(self, command: Command) -> Do:
        """A setting without an effect here: bandwidth, channel, pins, sound. Its arguments are read all the same."""
        numbers = [self._memory.number(arg) for arg in command.args]

        def do() -> None:
            for number in numbers:
                number()

        return do

    # --- conditions and loops

    def _condition(self, args: Sequence[str]) -> Callable[[], bool]:
        left, right, compare = self._memory.number(args[0]), self._memory.number(args[2]), _COMPARE[args[1]]
        return lambda: compare(left().number, right().number)

    def _branch(self, command: Command) -> tuple[Do | None, Run | None]:
        branches: list[tuple[Callable[[], bool], Do | None, Run]] = []
        following: Command | None = command
        while following is not None:
            condition = self._condition(following.args) if following.args else _always
            branches.append((condition, *self.block(following.body)))
            following = following.otherwise[0] if following.otherwise else None
        if all(do is not None for _, do, _ in branches):
            return lambda: _first(branches), None
        return None, lambda: _first_run(branches)

    def _loop(self, command: Command) -> tuple[Do | None, Run | None]:
        condition, (_, run) = self._condition(command.args), self.block(command.body)

        def looping() -> Iterator[float]:
            self._send("L")
            try:
                while condition():
                    yield from run()
                    yield self._now()
            except Break:
                pass
            finally:
                self._send("+")

        return None, looping

    def _do_breakloop(self, command: Command) -> Do:
        return _raise_break

    def _do_abort(self, command: Command) -> Do:
        return _raise_abort

    # --- output

    def _package_block(self, command: Command) -> tuple[Do | None, Run | None]:
        do, run = self.block(command.body)

        def begin() -> None:
            self._package = []

        def end() -> None:
            self._send("P" + ";".join(self._package))

        if do is not None:
            inner = do

            def whole() -> None:
                begin()
                inner()
                end()

            return whole, None

        def running() -> Iterator[float]:
            begin()
            yield from run()
            end()

        return None, running

    def _do_pck_add(self, command: Command) -> Do:
        number = self._memory.number(command.args[0])
        return lambda: self._package.append(encode(number()))

    def _do_send_string(self, command: Command) -> Do:
        text = command.args[0]
        if not text.startswith("f"):
            return lambda: self._send("T" + text.strip('"'))
        holes = {hole: self._memory.number(hole.strip()) for hole in _HOLE.findall(text)}
        filled = text[2:-1]
        return lambda: self._send("T" + _HOLE.sub(lambda hole: f"{holes[hole[1]]().number:.6g}", filled))

    # --- time

    def _wait(self, duration: Number) -> Iterator[float]:
        yield self._now() + max(0.0, duration().number)

    def _do_set_int(self, command: Command) -> Do:
        number = self._memory.number(command.args[0])

        def do() -> None:
            self._interval, self._interval_from = number().number, self._now()

        return do

    def _await_interval(self) -> Iterator[float]:
        self._interval_from += self._interval
        yield max(self._now(), self._interval_from)

    def _do_timer_start(self, command: Command) -> Do:
        return lambda: setattr(self, "_timer", self._now())

    def _do_timer_get(self, command: Command) -> Do:
        store = self._memory.store(command.args[0])
        return lambda: store(Value("eb", self._now() - self._timer))

    # --- the analog part

    def _measure(self, command: Command) -> Run:
        duration, store, kind = (
            self._memory.number(command.args[0]),
            self._memory.store(command.args[1]),
            command.args[2],
        )

        def run() -> Iterator[float]:
            yield self._now() + max(0.0, duration().number)
            store(self._frontend.read(kind))

        return run

    def _measurement(self, command: Command) -> Run:
        name, body = command.name, self.block(command.body)
        outputs = {"meas_loop_ocp": 1, "meas_loop_eis": 3, "meas_loop_geis": 3}.get(name, 2)
        stores = [self._memory.store(arg) for arg in command.args[:outputs]]
        numbers = [self._memory.number(arg) for arg in command.args[outputs:]]
        scans = (
            self._memory.number(command.options["nscans"][0])
            if "nscans" in command.options
            else self._memory.number("1i")
        )

        def run() -> Iterator[float]:
            points = self._loops.points(name, [number().number for number in numbers], int(scans().number))
            self._send("M" + MARKS[name])
            self.breaking = False
            try:
                at = self._now()
                for duration, reads, mark in points:
                    if mark:
                        self._send(mark)
                    if not reads:
                        continue
                    at += duration
                    yield at
                    if self.breaking:
                        break
                    for store, read in zip(stores, reads, strict=True):
                        store(read())
                    if body[0] is not None:
                        body[0]()
                    else:
                        yield from body[1]()
            except Break:
                pass
            finally:
                self._send("*")

        return run

    def _do_set_e(self, command: Command) -> Do:
        number = self._memory.number(command.args[0])
        return lambda: self._frontend.set_potential(number().number)

    def _do_set_i(self, command: Command) -> Do:
        number = self._memory.number(command.args[0])
        return lambda: self._frontend.set_current(number().number)

    def _do_set_pgstat_mode(self, command: Command) -> Do:
        number = self._memory.number(command.args[0])
        return lambda: self._frontend.set_mode(int(number().number))

    def _do_set_range(self, command: Command) -> Do:
        kind, number = command.args[0], self._memory.number(command.args[1])
        return lambda: self._frontend.set_range(kind, number().number)

    def _do_set_autoranging(self, command: Command) -> Do:
        kind, low, high = command.args[0], self._memory.number(command.args[1]), self._memory.number(command.args[2])
        return lambda: self._frontend.set_autoranging(kind, low().number, high().number)

    def _do_set_range_minmax(self, command: Command) -> Do:
        kind, low, high = command.args[0], self._memory.number(command.args[1]), self._memory.number(command.args[2])
        return lambda: self._frontend.set_limits(kind, low().number, high().number)

    def _do_cell_on(self, command: Command) -> Do:
        rest = self._memory.number(command.options["ocp"][0]) if "ocp" in command.options else None

        def do() -> None:
            if rest is not None and self._frontend.mode != 6:
                self._frontend.set_potential(rest().number)
            self._frontend.switch(True)

        return do

    def _do_cell_off(self, command: Command) -> Do:
        return lambda: self._frontend.switch(False)


_COMPARE: Final[dict[str, Callable[[float, float], bool]]] = {
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}


def _sequence(acts: list[tuple[int, Do]]) -> Do:
    def do() -> None:
        for line, act in acts:
            try:
                act()
            except ScriptError as error:
                raise _placed(error, line) from None

    return do


def _placed(error: ScriptError, line: int) -> ScriptError:
    if error.line is None:
        error.line = line
    return error


def _at_once(do: Do) -> Iterator[float]:
    do()
    yield from ()


def _always() -> bool:
    return True


def _first(branches: list[tuple[Callable[[], bool], Do | None, Run]]) -> None:
    for condition, do, _ in branches:
        if condition():
            if do is not None:
                do()
            return


def _first_run(branches: list[tuple[Callable[[], bool], Do | None, Run]]) -> Iterator[float]:
    for condition, _, run in branches:
        if condition():
            yield from run()
            return


def _raise_break() -> None:
    raise Break


def _raise_abort() -> None:
    raise AbortScript
