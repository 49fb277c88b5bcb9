import struct

import pytest

from sim_instruments.nanonis.layout import LayoutError, pack, unpack, zeros

ROUND_TRIPS = {
    "numbers": ("H h I i f d", (65535, -2, 4294967295, -5, 0.5, 1e-300)),
    "text": ("s S", ("µm", "")),
    "arrays": ("ai af aI ad", ([1, -2], [0.5], [], [1e-9])),
    "texts": ("as", (["Current (A)", ""],)),
    "tables": ("2f 2s", ([[1.0, 2.0], [3.0, 4.0]], [["a", "bc"]])),
    "counted by the number before": ("i *f *f", (2, [1.0, 2.0], [3.0, 4.0])),
}


@pytest.mark.parametrize(("layout", "values"), ROUND_TRIPS.values(), ids=ROUND_TRIPS)
def test_what_is_packed_is_unpacked(layout: str, values: tuple[object, ...]) -> None:
    assert unpack(layout, pack(layout, values)) == values


def test_the_size_before_texts_counts_their_lengths() -> None:
    assert pack("as", [["ab", "c"]])[:8] == struct.pack(">ii", 4 + 2 + 4 + 1, 2)


def test_the_size_before_texts_is_not_trusted() -> None:
    body = struct.pack(">ii", 4 * 1, 1) + struct.pack(">i", 3) + b"abc"
    assert unpack("as", body) == (["abc"],)


def test_text_in_a_code_page_is_read() -> None:
    assert unpack("s", struct.pack(">i", 1) + b"\xb5") == ("µ",)


def test_a_missing_last_argument_is_none() -> None:
    assert unpack("i ?i", struct.pack(">i", 3)) == (3, None)


WRONG = {
    "too short": ("f", b"\0\0"),
    "too long": ("f", bytes(5)),
    "text longer than the body": ("s", struct.pack(">i", 10) + b"abc"),
    "negative text length": ("s", struct.pack(">i", -1)),
    "negative count": ("ai", struct.pack(">i", -1)),
    "huge count": ("af", struct.pack(">i", 2**30)),
}


@pytest.mark.parametrize(("layout", "body"), WRONG.values(), ids=WRONG)
def test_a_wrong_body_is_refused(layout: str, body: bytes) -> None:
    with pytest.raises(LayoutError):
        unpack(layout, body)


def test_zeros_have_the_size_of_an_empty_reply() -> None:
    assert zeros("as 2f af s f d") == bytes(8 + 8 + 4 + 4 + 4 + 8)


def test_a_value_beyond_float32_goes_out_as_infinity() -> None:
    assert unpack("f af", pack("f af", (1e300, [-1e300]))) == (float("inf"), [float("-inf")])
