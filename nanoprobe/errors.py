"""What can go wrong, sorted by what the operator should do about it. Each class knows its exit status."""


class NanoprobeError(Exception):
    """Root of every error this app raises on purpose; its text is meant for the operator."""

    exit_status = 1


class BadInput(NanoprobeError):
    """The request itself is wrong: correct it and try again. Nothing was moved or biased."""

    exit_status = 2


class LimitExceeded(BadInput):
    """A value lies outside a limit of the bench; the text names value, unit and limit."""


class Unreachable(NanoprobeError):
    """An instrument is not there, does not answer, or is another model: check power, cable and address."""

    exit_status = 4


class InstrumentError(NanoprobeError):
    """An instrument answered that it could not do what it was told; its own words are in the text."""


class InstrumentTimeout(InstrumentError):
    """An instrument did not finish within the deadline of the command."""


class GarbledAnswer(InstrumentError):
    """Something came from an instrument that does not answer what was asked; the session was dropped."""


class SourceFault(InstrumentError):
    """A source did not do what it was told while it biased, or reports trouble afterwards; it latches the interlock."""


class LinkLost(InstrumentError):
    """The connection to an instrument broke in the middle of the work."""


class Interlocked(NanoprobeError):
    """The interlock has latched: find its first cause, then reset it on purpose."""

    exit_status = 3


class Aborted(NanoprobeError):
    """The operator stopped the run."""

    exit_status = 3


class ContactLost(NanoprobeError):
    """The tip is not where the procedure needs it: look at the tip and the surface before going on."""


class CellFailed(NanoprobeError):
    """A cell does what no sound cell does: look at its contacts and whether it is shorted. It is switched off."""


class StorageError(NanoprobeError):
    """A run could not be written or read: check disk and path; what was committed is still there."""


class ForeignPackage(NanoprobeError):
    """A sibling package is not ours: install nanoprobe into an environment of its own."""
