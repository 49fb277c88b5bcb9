"""Short forms of `make soak`: the same code, so that what is tried for hours cannot rot."""

import os
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.soak import app, disk, fuzz, kill, ramps
from benchmarks.soak.labs import served
from benchmarks.soak.parsers import parsers
from nanoprobe.benchfile import parse_bench
from nanoprobe.errors import BadInput
from nanoprobe.plan import make_plan

pytestmark = pytest.mark.skipif(os.name != "posix", reason="kill -9 and limits of POSIX")


@pytest.mark.timeout(180)
def test_a_kill_at_a_random_instant_loses_nothing_and_leaves_the_bench_safe():
    shots = kill.batch(seed=1, count=1, pace=5.0)
    assert len(shots) == 1
    assert not kill.wrong(shots[0]), shots[0]


@pytest.mark.timeout(120)
def test_a_disk_full_at_a_random_byte_loses_nothing(tmp_path):
    app.CONTEXT.set_forkserver_preload(app.PRELOADED)
    with served(tmp_path / "lab", "--pace", "0", guard=False) as lab:
        least, most = disk.whole_size(lab, tmp_path)
        found = disk.fill(lab, tmp_path / "run.zarr", random.Random(2).randrange(least, most))
    assert not disk.wrong(found), found


@pytest.mark.parametrize("parser", parsers(), ids=lambda parser: parser.name)
def test_no_broken_input_gets_past_a_parser(parser):
    found = fuzz.attack(parser, max(20, round(200 * parser.share)))
    assert found.failures == {}


@pytest.mark.timeout(120)
def test_a_run_leaves_nothing_behind_in_its_process(tmp_path):
    ramps.run(1, 20, tmp_path)
    first = ramps.held()
    ramps.run(2, 20, tmp_path)
    assert ramps.held().things == first.things
    assert ramps.held().memory < 1.05 * first.memory


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
"""Whatever TOML and JSON can hold."""


def shaped(**fields: st.SearchStrategy[object]) -> st.SearchStrategy[dict[str, object]]:
    """A table with the right names, each with the right kind of value or anything at all."""
    return st.fixed_dictionaries({}, optional={name: kind | ANYTHING for name, kind in fields.items()})


NUMBERS = st.floats() | st.integers()
INSTRUMENT = shaped(driver=st.sampled_from(["keithley2450", "nanonis"]), resource=st.text(), timeout=NUMBERS)
BENCHES = shaped(
    bench=shaped(name=st.text(), guard=st.booleans(), wiring=shaped(series_resistance=NUMBERS)),
    limits=shaped(bias=NUMBERS, current=NUMBERS, charge=NUMBERS),
    instruments=shaped(source_meter=INSTRUMENT, probe=INSTRUMENT),
    atmosphere=ANYTHING,
)
PLANS = shaped(
    procedure=st.sampled_from(["trigger-map", "current-map", "contact-check"]),
    parameters=shaped(nx=NUMBERS, force=NUMBERS, points=ANYTHING, bias=NUMBERS, trip_current=st.text(max_size=6)),
)


@settings(deadline=None, max_examples=50)
@given(BENCHES)
def test_a_bench_of_any_shape_is_read_or_refused(raw):
    refused_in_one_line(lambda: parse_bench(raw, "bench file x"))


@settings(deadline=None, max_examples=50)
@given(PLANS)
def test_a_plan_of_any_shape_is_read_or_refused(raw):
    refused_in_one_line(lambda: make_plan(raw))


def refused_in_one_line(read) -> None:
    refusal = ""
    try:
        read()
    except BadInput as error:
        refusal = str(error)
    assert "\n" not in refusal
