"""What the frames of a Nanonis controller mean, for recordings and replays. Source: SPECS, "TCP Protocol"."""

import struct
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import numpy as np

from drivers import nanonis_protocol as protocol
from drivers.nanonis_tcp_log import described
from nanoprobe.errors import InstrumentError
from nanoprobe.recording import Command, Field
from nanoprobe.recording.dialect import Value

Words = tuple[tuple[str, str, str], ...]
"""Layout token, name and unit of each value."""

_SAFE_1, _SAFE_2 = "H action, f threshold, i signal, H comparison", "i logic, f threshold, i signal, H comparison"
_RETRACT = "H on, f threshold, i signal, H comparison"
_FRAME = "f x m, f y m, f width m, f height m, f angle deg"
_SPEED = "f forward m/s, f backward m/s, f forward s, f backward s"
_COMMANDS: Mapping[str, tuple[str, str]] = {
    "AutoApproach.OnOffGet": ("", "H on"),
    "AutoApproach.OnOffSet": ("H on", ""),
    "AutoApproach.Open": ("", ""),
    "Bias.Get": ("", "f bias V"),
    "Bias.Set": ("f bias V", ""),
    "BiasSpectr.AdvPropsSet": ("H reset_bias, H hold_z, H record_final_z, H lockin", ""),
    "BiasSpectr.ChsSet": ("ai channels", ""),
    "BiasSpectr.MLSModeSet": ("s mode", ""),
    "BiasSpectr.MLSValsSet": (
        "i segments, *f start V, *f end V, *f initial_settling s, *f settling s, *f integration s, *i steps, *I lockin",
        "",
    ),
    "BiasSpectr.Open": ("", ""),
    "BiasSpectr.PropsSet": (
        "H save_all, i sweeps, H backward, i points, f z_offset m, H autosave, H dialog",
        "",
    ),
    "BiasSpectr.SafeCond1Get": ("", _SAFE_1),
    "BiasSpectr.SafeCond1Set": (_SAFE_1, ""),
    "BiasSpectr.SafeCond2Set": (_SAFE_2, ""),
    "BiasSpectr.Start": ("I get_data, s base_name", "as channels, 2f data, af parameters"),
    "BiasSpectr.StatusGet": ("", "I running"),
    "BiasSpectr.Stop": ("", ""),
    "BiasSpectr.TimingSet": (
        "f z_averaging s, f z_offset m, f initial_settling s, f slew V/s, f settling s, f integration s, "
        "f end_settling s, f z_control s",
        "",
    ),
    "Current.Get": ("", "f current A"),
    "FolMe.SpeedGet": ("", "f speed m/s, I custom"),
    "FolMe.SpeedSet": ("f speed m/s, I custom", ""),
    "FolMe.Stop": ("", ""),
    "FolMe.XYPosGet": ("I newest", "d x m, d y m"),
    "FolMe.XYPosSet": ("d x m, d y m, I wait", ""),
    "Motor.StopMove": ("", ""),
    "Piezo.DriftCompGet": ("", "I on, f x m/s, f y m/s, f z m/s"),
    "Piezo.DriftCompSet": ("i on, f x m/s, f y m/s, f z m/s", ""),
    "Piezo.RangeGet": ("", "f x m, f y m, f z m"),
    "SafeTip.OnOffGet": ("", "H on"),
    "SafeTip.OnOffSet": ("H on", ""),
    "SafeTip.PropsGet": ("", "H auto_recovery, H auto_pause, f threshold"),
    "SafeTip.PropsSet": ("H auto_recovery, H auto_pause, f threshold", ""),
    "Scan.Action": ("H action, I direction", ""),
    "Scan.BufferGet": ("", "ai channels, i pixels, i lines"),
    "Scan.BufferSet": ("ai channels, i pixels, i lines", ""),
    "Scan.FrameDataGrab": ("I channel, I direction", "s name, 2f data, I scan_direction"),
    "Scan.FrameGet": ("", _FRAME),
    "Scan.FrameSet": (_FRAME, ""),
    "Scan.PropsSet": ("I continuous, I bouncy, I autosave, s series, s comment, as modules", ""),
    "Scan.SpeedGet": ("", _SPEED + ", H keep, f ratio"),
    "Scan.SpeedSet": (_SPEED + ", H keep, f ratio", ""),
    "Scan.StatusGet": ("", "I running"),
    "Scan.WaitEndOfLine": ("i timeout ms", "I timed_out, i line, H movement, i pass"),
    "Signals.NamesGet": ("", "as names"),
    "Signals.RangeGet": ("i signal", "f high, f low"),
    "Signals.ValGet": ("i signal, I newest", "f value"),
    "Signals.ValsGet": ("ai signals, I newest", "af values"),
    "SpectrumAnlzr.AveragSet": ("i analyzer, H mode, H weighting, I count", ""),
    "SpectrumAnlzr.ChSet": ("i analyzer, i signal", ""),
    "SpectrumAnlzr.DataGet": ("i analyzer", "f first Hz, f step Hz, af amplitude"),
    "SpectrumAnlzr.FreqRangeGet": ("i analyzer", "i range, af ranges Hz"),
    "SpectrumAnlzr.FreqRangeSet": ("i analyzer, i range", ""),
    "SpectrumAnlzr.FreqResGet": ("i analyzer", "H resolution, af resolutions Hz"),
    "SpectrumAnlzr.FreqResSet": ("i analyzer, H resolution", ""),
    "SpectrumAnlzr.Run": ("i analyzer", ""),
    "TCPLog.ChsSet": ("ai channels", ""),
    "TCPLog.OversamplSet": ("i oversampling", ""),
    "TCPLog.Start": ("", ""),
    "TCPLog.StatusGet": ("", "i status"),
    "TCPLog.Stop": ("", ""),
    "Util.AcqPeriodGet": ("", "f period s"),
    "Util.VersionGet": ("", "s product, s version, I host_release, I real_time_release"),
    "ZCtrl.CtrlListGet": ("", "as controllers, i active"),
    "ZCtrl.LimitsGet": ("", "f high m, f low m"),
    "ZCtrl.OnOffGet": ("", "I on"),
    "ZCtrl.OnOffSet": ("I on", ""),
    "ZCtrl.SetpntGet": ("", "f setpoint"),
    "ZCtrl.SetpntSet": ("f setpoint", ""),
    "ZCtrl.Withdraw": ("I wait, i timeout ms", ""),
    "ZCtrl.ZPosGet": ("", "f z m"),
    "ZCtrl.ZPosSet": ("f z m", ""),
    "ZSpectr.AdvPropsSet": ("f turn_delay s, H record_final_z, H lockin, H reset_z", ""),
    "ZSpectr.ChsSet": ("ai channels", ""),
    "ZSpectr.Open": ("", ""),
    "ZSpectr.PropsSet": ("H backward, i points, H sweeps, H autosave, H dialog, H save_all", ""),
    "ZSpectr.RangeSet": ("f offset m, f distance m", ""),
    "ZSpectr.RetractGet": ("", _RETRACT),
    "ZSpectr.RetractSecondSet": (_SAFE_2, ""),
    "ZSpectr.RetractSet": (_RETRACT, ""),
    "ZSpectr.Start": ("I get_data, s base_name", "as channels, 2f data, af parameters"),
    "ZSpectr.StatusGet": ("", "I running"),
    "ZSpectr.Stop": ("", ""),
    "ZSpectr.TimingSet": (
        "f z_averaging s, f initial_settling s, f slew V/s, f settling s, f integration s, f end_settling s, f z_control s",
        "",
    ),
}
"""Values of each request and of its answer, as far as they are decoded; what follows is kept as bytes."""
_MEASURES = frozenset(
    {"Signals.ValGet", "Signals.ValsGet", "TipRec.DataGet", "FolMe.XYPosGet", "Current.Get", "SpectrumAnlzr.DataGet"}
)
"""Readers whose answer is a measurement: asked once more, another one would come."""
_SETTINGS = frozenset({"BiasSpectr.ChsSet", "BiasSpectr.AdvPropsSet", "BiasSpectr.TimingSet", "Scan.PropsSet"})
"""Kept apart by the controller, whichever comes first."""


def _words(text: str) -> Words:
    return tuple((*part.split(), "", "")[:3] for part in text.split(",") if part)  # type: ignore[misc]


_KNOWN = {name.lower(): (name, _words(asked), _words(told)) for name, (asked, told) in _COMMANDS.items()}


class NanonisDialect:
    """Frames of a 40-byte head and a body."""

    def split(self, stream: bytes) -> tuple[list[bytes], bytes]:
        """Return the frames at the begin of `stream`. Raises ValueError where there are none."""
        messages = []
        while len(stream) >= protocol.HEADER:
            (size,) = struct.unpack_from(">i", stream, protocol.NAME_LENGTH)
            if not 0 <= size <= protocol.LARGEST_BODY:
                raise ValueError(f"a frame of {size} bytes")
            if len(stream) < protocol.HEADER + size:
                break
            messages.append(stream[: protocol.HEADER + size])
            stream = stream[protocol.HEADER + size :]
        return messages, stream

    def commands(self, message: bytes) -> tuple[Command, ...]:
        """Return the one command of a frame."""
        return (_command(message),)

    def answer(self, message: bytes, answer: bytes) -> tuple[Field, ...]:
        """Return what the answer to a frame says, or the error in it; to no frame: what the TCP logger streams."""
        if not message:
            return (Field(described(answer)),)
        name = _name(message)
        body = answer[protocol.HEADER :]
        _, _, words = _KNOWN.get(name.lower(), (name, (), ()))
        try:
            protocol.reply(name, "", body)
        except InstrumentError as error:
            return (Field(str(error), "error"),)
        fields, rest = _decoded(words, body)
        return fields if rest.endswith(bytes(8)) and words else (*fields, *_undecoded(rest[:-8]))

    def independent(self, one: Command, other: Command) -> bool:
        """Two different settings that the controller keeps apart."""
        return one.name != other.name and {one.name, other.name} <= _SETTINGS


@lru_cache(maxsize=4096)
def _command(message: bytes) -> Command:
    sent = _name(message)
    name, words, _ = _KNOWN.get(sent.lower(), (sent, (), ()))
    fields, rest = _decoded(words, message[protocol.HEADER :])
    poll = name.endswith("Get") and name not in _MEASURES
    return Command(name, (*fields, *_undecoded(rest)), asks=True, poll=poll)


def _name(message: bytes) -> str:
    return message[: protocol.NAME_LENGTH].rstrip(b"\0").decode("latin-1")


def _decoded(words: Words, body: bytes) -> tuple[tuple[Field, ...], bytes]:
    """Return the values of a body and the bytes behind them; a body too short is left as it is."""
    reader, fields, count = protocol.Reader(body), [], 0
    try:
        for token, name, unit in words:
            value = reader.numbers(token[1], count) if token.startswith("*") else reader.token(token)
            count = int(value) if token == "i" else count
            fields.append(Field(_plain(value), name, unit))
    except (struct.error, ValueError):
        return (), body
    return tuple(fields), body[reader.at :]


def _undecoded(rest: bytes) -> tuple[Field, ...]:
    return (Field(rest),) if rest else ()


def _plain(value: Any) -> Value:
    if isinstance(value, np.ndarray):
        return tuple(map(float, value.ravel()))
    if isinstance(value, list):
        return "; ".join(map(str, value))
    return value if isinstance(value, str) else float(value)


NANONIS = NanonisDialect()
