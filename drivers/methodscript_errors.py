"""What the device's error codes mean (MethodSCRIPT manual v1.8, appendix A)."""

import re

_MEANINGS = {
    0x0001: "unspecified error",
    0x0003: "the command is unknown",
    0x0006: "not possible in this state: a script runs, or none does",
    0x0007: "an argument has an unexpected value",
    0x0008: "the line is too long",
    0x0009: "the command timed out",
    0x000F: "the potential is not valid for this device",
    0x0014: "the open-circuit voltage cannot be measured with the cell on",
    0x0021: "this mode does not exist on this device",
    0x0023: "the command is invalid in this mode",
    0x0032: "critical overload of the cell",
    0x0058: "the measurement was too fast for the link",
    0x005A: "the device cannot measure as fast as asked",
    0x4001: "the script command is unknown",
    0x4004: "unexpected character",
    0x4005: "the script is too large",
    0x400C: "the command stands where it must not",
    0x4018: "the script ended early",
    0x401B: "package commands in a wrong order",
    0x4026: "a variable is declared twice",
    0x4027: "the cell must be on",
    0x4028: "the cell must be off",
    0x4029: "the technique has no step",
    0x4032: "the range cannot be set inside a measurement loop",
    0x4039: "a number is not written as it should be",
    0x4205: "an argument is out of bounds",
    0x4206: "this device cannot do that",
    0x420B: "a variable is not declared",
    0x7FFF: "fatal error, the device must be reset",
}
_ERROR = re.compile(r"!([0-9A-Fa-f]{4})(?::\s*(Line \d+(?:, Col \d+)?))?")


def error_in(line: str) -> str | None:
    """Return what an error line says, in words; None for a line that holds no error."""
    found = _ERROR.search(line)
    if found is None:
        return None
    code, place = int(found[1], 16), found[2]
    meaning = _MEANINGS.get(code, "see appendix A of the MethodSCRIPT manual")
    return f"error {found[1].upper()} ({meaning}){f' at {place}' if place else ''}"
