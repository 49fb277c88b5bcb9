"""What a replay makes of a changed driver: ten that do something else are caught, those that say the same pass."""

import re

import pytest

from drivers.keithley2450_sweep import Sweep
from drivers.link import Link
from drivers.nanonis_session import NanonisSession

CHANGED: list[bytes] = []
"""Messages that were changed on their way, so that no change passes because it never took place."""


def through_the_link(change):
    """Let the link send `change(content)`, a list, in place of each message."""

    def patch(monkeypatch):
        send = Link._write_bytes

        def write_bytes(self, content, *args, **kwargs):
            if change(content) != [content]:
                CHANGED.append(content)
            for each in change(content):
                send(self, each, *args, **kwargs)

        monkeypatch.setattr(Link, "_write_bytes", write_bytes)

    return patch


def replaced(old: bytes, new: bytes):
    return through_the_link(lambda content: [content.replace(old, new)])


def dropped(text: bytes):
    return through_the_link(lambda content: [] if text in content else [content])


def number(pattern: bytes, factor: float):
    def scale(match):
        return match[1] + f"{float(match[2]) * factor:.9g}".encode()

    return through_the_link(lambda content: [re.sub(pattern, scale, content)])


def call(change):
    """Let `change(command, values, go)` stand between the Nanonis driver and its session."""

    def patch(monkeypatch):
        original = NanonisSession.call

        def wrapped(self, command, layout="", *values, **kwargs):
            return change(command, values, lambda *v, c=command: original(self, c, layout, *v, **kwargs))

        monkeypatch.setattr(NanonisSession, "call", wrapped)

    return patch


def setpoint_after_feedback(monkeypatch):
    original, held = NanonisSession.call, []

    def wrapped(self, command, layout="", *values, **kwargs):
        if command == "ZCtrl.SetpntSet":
            held.append((layout, *values))
            return ()
        answer = original(self, command, layout, *values, **kwargs)
        if command == "ZCtrl.OnOffSet" and held:
            original(self, "ZCtrl.SetpntSet", *held.pop())
        return answer

    monkeypatch.setattr(NanonisSession, "call", wrapped)


def off_after_the_next_command(monkeypatch):
    original, held = Link._write_bytes, []

    def write_bytes(self, content, *args, **kwargs):
        if content == b":OUTP OFF\n":
            held.append(self)
            return
        original(self, content, *args, **kwargs)
        if held and held[0] is not self:
            original(held.pop(), b":OUTP OFF\n")

    monkeypatch.setattr(Link, "_write_bytes", write_bytes)


MUTANTS = {
    "a dropped command": dropped(b":SENS:AZER:ONCE"),
    "a dropped setting of the controller": call(lambda c, v, go: () if c == "SafeTip.PropsSet" else go(*v)),
    "a dropped read-back": call(lambda c, v, go: (2, 1, 1e-6) if c == "SafeTip.PropsGet" else go(*v)),
    "a changed measure range": number(rb"(:SENS:CURR:RANG )(\S+?)(?=;)", 10),
    "a trip level one percent higher": number(rb"(:LIM:CONS 6,OUT,\S+?,)([^,]+)", 1.01),
    "current limit before its range": through_the_link(
        lambda content: [re.sub(rb"(:SENS:CURR:RANG \S+?);(:SOUR:VOLT:ILIM \S+?);", rb"\2;\1;", content)]
    ),
    "setpoint after feedback is on": setpoint_after_feedback,
    "output off only after the tip was lifted": off_after_the_next_command,
    "a command sent twice": through_the_link(lambda content: [content] * (1 + content.endswith(b":INIT\n"))),
    "a motion that is not waited for": call(
        lambda c, v, go: go(*v[:-1], 0) if c == "FolMe.XYPosSet" else go(*v)
    ),
    "a slightly faster move": call(lambda c, v, go: go(v[0] * 1.001, v[1]) if c == "FolMe.SpeedSet" else go(*v)),
    "one reading fewer fetched": number(rb"(:TRAC:DATA\? )(\d+)", 2),
}  # fmt: skip


@pytest.mark.parametrize("mutant", MUTANTS.values(), ids=MUTANTS)
def test_a_driver_that_does_something_else_is_caught(recorded, replayed, monkeypatch, mutant):
    path = recorded("trigger-map")
    mutant(monkeypatch)
    result = replayed(path)
    assert not result.same
    assert result.wire is not None


def extra_poll(monkeypatch):
    original = Sweep._state

    def twice(self):
        original(self)
        return original(self)

    monkeypatch.setattr(Sweep, "_state", twice)


def poll_of_something_else(monkeypatch):
    original = NanonisSession.call

    def wrapped(self, command, layout="", *values, **kwargs):
        if command == "FolMe.XYPosSet":
            original(self, "ZCtrl.OnOffGet", returns="I")
        return original(self, command, layout, *values, **kwargs)

    monkeypatch.setattr(NanonisSession, "call", wrapped)


HARMLESS = {
    "numbers written differently": through_the_link(
        lambda content: [re.sub(rb"(?<=[ ,])-?\d+\.\d+(?=[;,\n])", lambda m: b"%.12E" % float(m[0]), content)]
    ),
    "long forms, small letters": through_the_link(
        lambda content: [content.replace(b":SOUR:VOLT", b":source:voltage").replace(b":OUTP ", b":output ")]
    ),
    "one command a line": through_the_link(
        lambda content: (
            [part + b"\n" for part in content.rstrip(b"\n").split(b";")]
            if content.startswith((b":SOUR", b":TRIG:BLOC", b":ROUT")) and b"?" not in content
            else [content]
        )
    ),
    "independent settings in another order": through_the_link(
        lambda content: [re.sub(rb"(:SENS:CURR:NPLC \S+?);(:SENS:CURR:AZER OFF);", rb"\2;\1;", content)]
    ),
    "every status poll twice": extra_poll,
    "a poll at another place": poll_of_something_else,
}


@pytest.mark.parametrize("change", HARMLESS.values(), ids=HARMLESS)
def test_a_driver_that_says_the_same_in_other_words_passes(recorded, replayed, monkeypatch, change):
    path = recorded("trigger-map")
    CHANGED.clear()
    change(monkeypatch)
    result = replayed(path)
    assert CHANGED or "polls more" in result.remarks[0]
    assert result.wire is None, str(result.wire)
    assert result.values == []
    assert result.same
