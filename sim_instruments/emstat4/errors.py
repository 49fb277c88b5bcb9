"""How the device says what is wrong (codes: hardware.md §3.1)."""

UNKNOWN_COMMAND = 0x0003
WRONG_MODE = 0x0006
BAD_ARGUMENT = 0x0007
LINE_TOO_LONG = 0x0008
BAD_POTENTIAL = 0x000F
NO_SCRIPT = 0x000C
OCP_WITH_CELL_ON = 0x0014
BAD_PGSTAT_MODE = 0x0021
INVALID_FOR_MODE = 0x0023
DIVIDED_BY_ZERO = 0x0028
CRITICAL_OVERLOAD = 0x0032
TIMING = 0x005A
UNKNOWN_SCRIPT_COMMAND = 0x4001
UNEXPECTED_CHARACTER = 0x4004
SCRIPT_TOO_LARGE = 0x4005
BAD_OPTION = 0x4008
NESTED_MEASUREMENT = 0x400B
NOT_HERE = 0x400C
ENDED_EARLY = 0x4018
BAD_PACKAGE_ORDER = 0x401B
REDECLARED = 0x4026
NEEDS_CELL_ON = 0x4027
NEEDS_CELL_OFF = 0x4028
NO_STEP = 0x4029
BAD_LITERAL = 0x4039
MUST_BE_POSITIVE = 0x4204
OUT_OF_BOUNDS = 0x4205
NOT_THIS_INSTRUMENT = 0x4206
UNDECLARED = 0x420B


class CommandError(Exception):
    """A command of the link that was refused."""

    def __init__(self, code: int) -> None:
        super().__init__(f"{code:04X}")
        self.code = code


class ParseError(Exception):
    """A script that is refused before anything of it is done; `line` and `column` count from 1."""

    def __init__(self, code: int, line: int, column: int) -> None:
        super().__init__(f"{code:04X}: Line {line}, Col {column}")


class ScriptError(Exception):
    """Something went wrong while a script ran; `line` is filled in by who runs it."""

    def __init__(self, code: int) -> None:
        super().__init__(f"{code:04X}")
        self.code = code
        self.line: int | None = None
