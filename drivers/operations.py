"""What each command does to its instrument, for the retry policy (`nanoprobe.retry`). What is not listed changes something."""

from functools import lru_cache

from nanoprobe.retry import Operation

SCPI_READS = frozenset(
    {
        "*IDN?",
        "*LANG?",
        "*OPC?",
        ":OUTP?",
        ":SENS:CURR:RANG?",
        ":SOUR:VOLT?",
        ":SOUR:VOLT:ILIM?",
        ":SOUR:VOLT:ILIM:TRIP?",
        ":SOUR:VOLT:PROT?",
        ":SOUR:VOLT:RANG?",
        ":TRAC:ACT?",
        ":TRIG:STAT?",
    }
)
"""Questions that leave a source-meter as it is. Not among them: `:READ?` measures, `:SYST:ERR?` takes the error away."""
_NANONIS_MOVES = (
    "AutoApproach.OnOffSet",
    "FolMe.XYPosSet",
    "Motor.StartMove",
    "Motor.StartClosedLoop",
    "Scan.Action",
    "ZCtrl.OnOffSet",
    "ZCtrl.ZPosSet",
    "ZSpectr.Start",
)
_NANONIS_BIASES = ("Bias.Set", "Bias.Pulse", "BiasSpectr.Start")
_NANONIS_WAITS = ("Scan.WaitEndOfLine", "Scan.WaitEndOfScan")


@lru_cache(maxsize=256)
def scpi_operation(line: str) -> Operation:
    """Return what a line of SCPI does."""
    units = [unit.strip().partition(" ")[0] for unit in line.split(";")]
    if all(unit in SCPI_READS for unit in units):
        return Operation.READ
    if any(unit in (":OUTP", ":INIT", ":SOUR:VOLT") for unit in units):
        return Operation.BIAS
    return Operation.TAKE if all(unit.endswith("?") for unit in units) else Operation.SET


def nanonis_operation(command: str) -> Operation:
    """Return what a command of the Nanonis protocol does: its readers end with Get or Grab."""
    if command in _NANONIS_BIASES:
        return Operation.BIAS
    if command.endswith(("Get", "Grab")):
        return Operation.READ
    if command in _NANONIS_WAITS:
        return Operation.TAKE
    return Operation.MOVE if command in _NANONIS_MOVES else Operation.SET
