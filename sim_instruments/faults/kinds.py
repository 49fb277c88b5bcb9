"""The kinds of fault there are: on the wire between client and instrument, and in the instrument itself."""

from dataclasses import dataclass
from enum import Enum

SOURCE_METER, PROBE, POTENTIOSTAT = "source_meter", "probe", "potentiostat"
BOTH = (SOURCE_METER, PROBE)
ALL = (*BOTH, POTENTIOSTAT)
EVER = 0
"""Count of a fault that, once there, stays."""


class Layer(Enum):
    """Where a fault sits."""

    CONNECTION = "connection"
    """Acts on whole connections."""
    COMMAND = "command"
    """Acts on a command that has come, before it is done."""
    REPLY = "reply"
    """Acts on a reply on its way out; waits for a command that has one."""
    INSTRUMENT = "instrument"
    """Acts on the instrument's state."""


@dataclass(frozen=True)
class Kind:
    """One kind of fault. `value`: what it takes as VALUE when none is given (None: it takes no value)."""

    name: str
    layer: Layer
    says: str
    instruments: tuple[str, ...] = BOTH
    value: float | str | None = None
    count: int = 1
    """For how many commands (or connections) it acts unless told otherwise; `EVER`: it stays."""


_ALL = (
    Kind(
        "refuse", Layer.CONNECTION, "hangs up and refuses connections, like an instrument switched off", ALL, count=EVER
    ),
    Kind("close-at-once", Layer.CONNECTION, "hangs up, and on every new connection as it comes", ALL, count=EVER),
    Kind("hang", Layer.COMMAND, "the connection falls silent: the command and all after it are not done", ALL),
    Kind("delay", Layer.REPLY, "the reply is VALUE seconds of wall time late", value=0.5),
    Kind("close-mid-reply", Layer.REPLY, "hangs up after half of the reply"),
    Kind("one-byte", Layer.REPLY, "the reply comes one byte at a time", count=EVER),
    Kind("garbage", Layer.REPLY, "the reply is random bytes; text still ends with a line end"),
    Kind("truncated-frame", Layer.REPLY, "the second half of the reply never comes"),
    Kind(
        "wrong-length", Layer.REPLY, "a frame claims VALUE bytes more than it has; text or a block has them", value=4.0
    ),
    Kind("doubled-reply", Layer.REPLY, "the reply comes twice"),
    Kind("reply-of-another-command", Layer.REPLY, "the reply is that of an earlier, other command"),
    Kind("error", Layer.INSTRUMENT, "an error: VALUE is put into the queue, or the command refused", ALL, -310.0),
    Kind("wrong-model", Layer.INSTRUMENT, "says it is a VALUE", ALL, "MODEL 2400", EVER),
    Kind("wrong-language", Layer.INSTRUMENT, "speaks VALUE", (SOURCE_METER,), "TSP", EVER),
    Kind(
        "interlock",
        Layer.INSTRUMENT,
        "the output's interlock opens: output off, stays off",
        (SOURCE_METER,),
        None,
        EVER,
    ),
    Kind(
        "overload", Layer.INSTRUMENT, "every current read is beyond the range", (SOURCE_METER, POTENTIOSTAT), None, EVER
    ),
    Kind("motion-short", Layer.INSTRUMENT, "moves end after VALUE of their way", (PROBE,), 0.5, EVER),
    Kind("z-limit", Layer.INSTRUMENT, "Z comes no lower than VALUE m above where it is", (PROBE,), 50e-9, EVER),
    Kind("snap-off", Layer.INSTRUMENT, "the tip breaks off: it touches nothing any more", (PROBE,), None, EVER),
    Kind("saturation", Layer.INSTRUMENT, "the current amplifier stands at full scale", (PROBE,), None, EVER),
    Kind("reset", Layer.INSTRUMENT, "the supply dips: script gone, cell off, settings lost", (POTENTIOSTAT,)),
    Kind("scan-stopped", Layer.INSTRUMENT, "somebody stops the scan at the controller, or the next one", (PROBE,)),
)
KINDS = {kind.name: kind for kind in _ALL}
"""Every kind by its name."""


def kinds_of(instrument: str) -> list[str]:
    """Return the names of the kinds that `instrument` can have."""
    return [kind.name for kind in _ALL if instrument in kind.instruments]
