"""The device's registers, hexadecimal words (communication protocol of the EmStat4, chapter on registers)."""

from sim_instruments.emstat4 import errors
from sim_instruments.emstat4.errors import CommandError

READ_ONLY = frozenset({0x04, 0x05, 0x06})


class Registers:
    """What `G` reads and `S` writes."""

    def __init__(self, serial: str) -> None:
        self._values = {
            0x01: "0000",  # peripheral configuration
            0x02: "12345678",  # permission level
            0x04: "E4A1D30C5B27F690",  # unique identifier
            0x05: "00000000000000FF",  # licences
            0x06: serial.encode().hex().upper(),
            0x08: "00",  # run a stored script at power-on
            0x09: "00000000",  # options
        }

    def get(self, words: str) -> str:
        """Return the value of the register named by two hexadecimal digits. Raises CommandError."""
        return self._values[self._number(words)]

    def set(self, words: str) -> None:
        """Write a register: two digits of its number, then its value. Raises CommandError."""
        number, value = self._number(words[:2]), words[2:].upper()
        if number in READ_ONLY or len(value) != len(self._values[number]) or not _is_hexadecimal(value):
            raise CommandError(errors.BAD_ARGUMENT)
        self._values[number] = value

    def _number(self, words: str) -> int:
        number = int(words, 16) if len(words) == 2 and _is_hexadecimal(words) else -1
        if number not in self._values:
            raise CommandError(errors.BAD_ARGUMENT)
        return number


def _is_hexadecimal(text: str) -> bool:
    return bool(text) and all(char in "0123456789ABCDEFabcdef" for char in text)
