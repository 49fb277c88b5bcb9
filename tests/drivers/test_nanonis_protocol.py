"""Golden vectors of SPECS' protocol description, and replies that do not look as they should."""

import struct

import numpy as np
import pytest

from drivers import nanonis_protocol as protocol
from nanoprobe.errors import InstrumentError

REQUESTS = [
    pytest.param(
        ("Bias.Set", "f", 1.5),
        "426961732e536574" + 24 * "00" + "00000004000100003fc00000",
        id="Bias.Set 1.5 V",
    ),
    pytest.param(
        ("FolMe.XYPosGet", "I", 1),
        "466f6c4d652e5859506f73476574" + 18 * "00" + "000000040001000000000001",
        id="FolMe.XYPosGet newest",
    ),
    pytest.param(
        ("FolMe.XYPosSet", "d d I", 10e-9, 15e-9, 1),
        "466f6c4d652e5859506f73536574" + 18 * "00" + "00000014000100003e45798ee2308c3a3e501b2b29a4692b00000001",
        id="FolMe.XYPosSet 10 nm 15 nm wait",
    ),
    pytest.param(
        ("Signals.ValsGet", "ai I", [0, 24], 1),
        "5369676e616c732e56616c73476574" + 17 * "00" + "000000100001000000000002000000000000001800000001",
        id="Signals.ValsGet 0 24",
    ),
]


@pytest.mark.parametrize(("arguments", "expected"), REQUESTS)
def test_request_has_the_bytes_of_the_description(arguments, expected):
    assert protocol.request(*arguments).hex() == expected


def test_reply_of_the_description_reads_as_five_nanometres():
    header = bytes.fromhex("466f6c4d652e5859506f73476574" + 18 * "00" + "00000018" + "00000000")
    body = bytes.fromhex("3e35798ee2308c3abe35798ee2308c3a0000000000000000")
    assert protocol.reply_header(header) == ("FolMe.XYPosGet", 24)
    assert protocol.reply("FolMe.XYPosGet", "d d", body) == (5e-9, -5e-9)


def error(text):
    return struct.pack(">Ii", 1, len(text)) + text.encode()


OK = bytes(8)


@pytest.mark.parametrize(
    ("layout", "body", "values"),
    [
        pytest.param("", OK, (), id="nothing"),
        pytest.param("s I", struct.pack(">i3sI", 3, b"abc", 7) + OK, ("abc", 7), id="text"),
        pytest.param("S", struct.pack(">I2s", 2, b"hi") + OK, ("hi",), id="text behind u32"),
        pytest.param("s", struct.pack(">i1s", 1, b"\xb5") + OK, ("µ",), id="text of an old code page"),
        pytest.param(
            "as", struct.pack(">iii1si2s", 999, 2, 1, b"a", 2, b"bc") + OK, (["a", "bc"],), id="texts, wrong total"
        ),
        pytest.param("I", struct.pack(">II", 5, 6) + bytes(20) + OK, (5,), id="a newer release appends arguments"),
    ],
)
def test_reply_is_read(layout, body, values):
    assert protocol.reply("X.Get", layout, body) == values


def test_table_keeps_rows_and_columns():
    body = struct.pack(">ii6f", 2, 3, *range(6)) + OK
    (table,) = protocol.reply("X.Get", "2f", body)
    np.testing.assert_array_equal(table, [[0, 1, 2], [3, 4, 5]])
    assert table.dtype == np.float32


@pytest.mark.parametrize(
    ("layout", "body"),
    [
        pytest.param("", error("no such frame"), id="no arguments"),
        pytest.param("f f", bytes(8) + error("no such frame"), id="arguments laid out"),
        pytest.param("f f f f", error("no such frame"), id="arguments left out"),
        pytest.param("f", bytes(12) + error("no such frame"), id="more arguments than known"),
    ],
)
def test_error_text_of_the_controller_is_passed_on(layout, body):
    with pytest.raises(InstrumentError, match=r"^Nanonis refuses X\.Get: no such frame$"):
        protocol.reply("X.Get", layout, body)


def test_reply_that_is_too_short_says_so():
    with pytest.raises(InstrumentError, match=r"reply to X\.Get \(12 bytes\) is shorter than 'd d'"):
        protocol.reply("X.Get", "d d", bytes(12))


@pytest.mark.parametrize(
    "header",
    [
        pytest.param(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0", id="a web server"),
        pytest.param(b"Bias.Get".ljust(32, b"\0") + struct.pack(">i4x", -1), id="negative size"),
    ],
)
def test_header_of_something_else_is_refused(header):
    with pytest.raises(InstrumentError, match="is no reply of a Nanonis controller"):
        protocol.reply_header(header[:40])
