"""Faults as they are written down."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim_instruments.faults import KINDS, BadFault, FaultSpec, parse_fault


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("source_meter:hang", FaultSpec("source_meter", "hang")),
        ("source_meter:close-mid-reply@command=120", FaultSpec("source_meter", "close-mid-reply", command=120)),
        ("probe:hang@match=Scan.Action", FaultSpec("probe", "hang", match="Scan.Action")),
        ("source_meter:garbage@match=:READ?,for=3", FaultSpec("source_meter", "garbage", match=":READ?", count=3)),
        ("source_meter:hang@match=A,B", FaultSpec("source_meter", "hang", match="A,B")),
        ("probe:z-limit=1e-7@time=30", FaultSpec("probe", "z-limit", 1e-7, time=30.0, count=0)),
        ("probe:delay=2,seed=5,for=0", FaultSpec("probe", "delay", 2.0, count=0, seed=5)),
        ("source_meter:error=-221", FaultSpec("source_meter", "error", -221.0)),
        ("source_meter:wrong-model=MODEL 2461", FaultSpec("source_meter", "wrong-model", "MODEL 2461", count=0)),
        ("probe:refuse", FaultSpec("probe", "refuse", count=0)),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_fault_is_read_as_it_is_written(text, wanted):
    assert parse_fault(text) == wanted


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "write INSTRUMENT:KIND.*kinds: refuse, close-at-once, hang"),
        ("hang", "write INSTRUMENT:KIND.*kinds: refuse"),
        ("laser:hang", "no instrument 'laser'; there are: source_meter, probe"),
        ("source_meter:melt", "no kind 'melt' for the source_meter; there are: refuse, .*garbage.*overload"),
        ("source_meter:snap-off", "no kind 'snap-off' for the source_meter; there are: refuse"),
        ("probe:interlock", "no kind 'interlock' for the probe"),
        ("probe:hang=3", "hang takes no value"),
        ("probe:delay=soon", "the value of delay must be a number, not 'soon'"),
        ("probe:delay=nan", "the value of delay must be a number, not 'nan'"),
        ("probe:hang@command=0", "command must be a whole number from 1 on, not '0'"),
        ("probe:hang@command=1e3", "command must be a whole number"),
        ("probe:hang@time=-1", "time must be a number from 0 on, not '-1'"),
        ("probe:hang@match=", "match: give a part of a command"),
        ("probe:hang@noon=1", "no trigger 'noon'; there are: command, time, match"),
        ("probe:hang,for=some", "for must be a whole number from 0 on"),
        ("probe:hang,for=1,for=2", "for is given twice"),
        ("probe:hang,until=3", "write INSTRUMENT:KIND"),
        ("probe:refuse,for=3", "refuse stays for good"),
    ],
    ids=lambda value: value[:30],
)
def test_nonsense_is_refused_in_one_line_that_says_what_there_is(text, complaint):
    with pytest.raises(BadFault, match=complaint) as caught:
        parse_fault(text)
    assert "\n" not in str(caught.value)


@given(
    st.one_of(
        st.text(), st.from_regex(r"(source_meter|probe):[a-z-]*=?[^@]*@?(command|time|match)?=?.*", fullmatch=True)
    )
)
def test_any_text_is_a_fault_or_refused(text):
    with contextlib.suppress(BadFault):
        assert parse_fault(text).kind in KINDS
