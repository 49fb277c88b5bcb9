"""The bench panel's model on a simulated lab."""

import math
from typing import Any

import numpy as np
import pytest

from gui.bench_reading import BenchReading, after_record
from nanoprobe.records import PointBegin, RampDone, Samples


def asked(panels: Any) -> BenchReading:
    """Poll once and return the new reading."""
    before = panels.bench.reading.at
    panels.until(lambda: panels.session.idle)
    panels.bench.poll()
    panels.until(lambda: panels.bench.reading.at != before and not math.isnan(panels.bench.reading.at))
    found: BenchReading = panels.bench.reading
    return found


def test_without_a_bench_nothing_is_asked_and_nothing_done(panels: Any) -> None:
    panels.bench.poll()
    panels.bench.withdraw()
    assert panels.told == ["withdrawing: not while a run goes on or without an open bench"]
    assert panels.bench.instruments == ()


def test_each_instrument_says_what_it_is_and_where(lab_panels: Any) -> None:
    rows = {row.role: row for row in lab_panels.bench.instruments}
    assert set(rows) == {"Source-meter", "AFM controller", "Potentiostat"}
    assert rows["Source-meter"].identity.startswith("KEITHLEY INSTRUMENTS,MODEL 2450")
    assert rows["Source-meter"].resource.startswith("TCPIP")
    asked(lab_panels)
    assert all(row.link.startswith("connected, all answered in") for row in lab_panels.bench.instruments)


def test_the_tip_approaches_and_withdraws(lab_panels: Any) -> None:
    assert asked(lab_panels).engaged is False
    lab_panels.bench.approach("60 nN")
    assert lab_panels.session.state.busy == "approaching to 60 nN"
    lab_panels.until(lambda: not lab_panels.session.state.busy)
    reading = asked(lab_panels)
    assert reading.engaged is True
    assert reading.force == pytest.approx(60e-9, rel=0.1)
    lab_panels.bench.withdraw()
    lab_panels.until(lambda: not lab_panels.session.state.busy)
    assert asked(lab_panels).engaged is False


def test_a_bias_by_hand_is_seen_at_the_instrument_and_taken_away_again(lab_panels: Any) -> None:
    lab_panels.bench.set_bias("-100 mV", "1 nA")
    lab_panels.until(lambda: lab_panels.bench.output_on)
    assert asked(lab_panels).bias == pytest.approx(-0.1, abs=0.02)
    lab_panels.bench.output_off()
    lab_panels.until(lambda: not lab_panels.bench.output_on)
    assert asked(lab_panels).bias == 0.0


def test_a_move_in_contact_lifts_and_lands_at_the_new_place(lab_panels: Any) -> None:
    lab_panels.bench.approach("50 nN")
    lab_panels.until(lambda: not lab_panels.session.state.busy)
    lab_panels.bench.move("1 um", "-2 um", "50 nN")
    lab_panels.until(lambda: not lab_panels.session.state.busy)
    reading = asked(lab_panels)
    assert (reading.x, reading.y) == (pytest.approx(1e-6, abs=2e-8), pytest.approx(-2e-6, abs=2e-8))
    assert reading.engaged is True


@pytest.mark.parametrize(
    ("ask", "text"),
    [
        (lambda bench: bench.approach("5 uN"), "Force: 5 µN is beyond the bench's limit of 1 µN"),
        (lambda bench: bench.approach("soft"), "'soft' is not a number with a unit (expected for example '10 nN')"),
        (lambda bench: bench.approach("nan"), "Force: - is beyond the bench's limit of 1 µN"),
        (lambda bench: bench.set_bias("-20 V", "1 nA"), "Bias: -20 V is beyond the bench's limit of 10 V"),
        (lambda bench: bench.set_bias("-2 V", "1 mA"), "Current limit: 1 mA is beyond the bench's limit of 1 µA"),
        (lambda bench: bench.set_bias("-2 V", "0 A"), "Current limit: it has to be larger than 0 A"),
        (lambda bench: bench.move("1 mm", "0 m", "50 nN"), "x: 1 mm is beyond the bench's limit of 10 µm"),
    ],
    ids=["force", "no number", "nan", "bias", "compliance", "no compliance", "place"],
)
def test_what_is_beyond_a_limit_is_refused_with_value_and_limit(lab_panels: Any, ask: Any, text: str) -> None:
    ask(lab_panels.bench)
    assert lab_panels.told[-1] == text
    assert lab_panels.session.idle


def test_stop_takes_the_bias_away_and_says_so(lab_panels: Any) -> None:
    lab_panels.bench.set_bias("-100 mV", "1 nA")
    lab_panels.until(lambda: lab_panels.bench.output_on)
    lab_panels.session.stop()
    lab_panels.until(lambda: not lab_panels.bench.output_on)
    assert any("source-meter output off" in text for text in lab_panels.told)


def test_while_a_run_goes_on_the_numbers_come_from_it(lab_panels: Any) -> None:
    seen: list[BenchReading] = []
    lab_panels.bench.read.connect(seen.append)
    lab_panels.planned("trigger-ramp", x="1 um")
    lab_panels.experiment.enqueue()
    lab_panels.ended()
    from_run = [reading for reading in seen if reading.source == "run"]
    assert min(reading.bias for reading in from_run if not math.isnan(reading.bias)) < -0.5
    assert from_run[-1].bias == 0.0
    assert from_run[-1].x == pytest.approx(1e-6)


def test_a_bench_that_does_not_answer_is_said_once_and_shown_at_its_instruments(lab_panels: Any) -> None:
    panels = lab_panels
    panels.bench._not_polled("the link broke")
    panels.bench._not_polled("the link broke")
    assert panels.told.count("the bench does not answer: the link broke") == 1
    assert {row.link for row in panels.bench.instruments} == {"problem: the link broke"}
    asked(panels)
    assert "problem" not in panels.bench.instruments[0].link


def test_records_that_say_nothing_about_the_bench_leave_the_reading_as_it_is() -> None:
    reading = BenchReading(bias=1.0)
    assert after_record(reading, object()) is reading
    empty = np.empty(0)
    assert after_record(reading, Samples(point=0, time=empty, bias=empty, bias_source=empty, current=empty)) is reading


def test_the_end_of_a_ramp_is_bias_zero() -> None:
    begun = after_record(BenchReading(), PointBegin(index=0, x=1e-6, y=2e-6))
    empty = np.empty(0)
    done = RampDone(
        point=0, time=empty, bias=empty, bias_source=empty, current=empty, values={"force": 5e-8}, way="host"
    )
    ended = after_record(begun, done)
    assert (ended.x, ended.bias, ended.force) == (1e-6, 0.0, 5e-8)
    assert math.isnan(ended.current)


def test_stop_shows_the_tip_lifted_before_the_bench_is_asked_again(lab_panels: Any) -> None:
    lab_panels.bench.approach("60 nN")
    lab_panels.until(lambda: not lab_panels.session.state.busy)
    assert asked(lab_panels).engaged is True
    lab_panels.session.stop()
    lab_panels.until(lambda: lab_panels.bench.reading.engaged is False)
    assert (lab_panels.bench.reading.source, lab_panels.bench.reading.bias) == ("run", 0.0)
