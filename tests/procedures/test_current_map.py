import numpy as np
import pytest

from nanoprobe.errors import Aborted, BadInput, Interlocked
from nanoprobe.wiring import Wiring
from procedures.current_map import CurrentMap

SMALL = {"pixels": 16, "line_rate": 2.0, "channels": "height,current"}


def test_lines_come_as_scanned_with_both_directions_and_electrode_current(lab, engine):
    engine.run(CurrentMap(**SMALL), lab)
    (begin,) = engine.of("frame")
    lines = engine.of("line")
    assert (begin.index, begin.purpose, dict(begin.units)) == (0, "map", {"height": "m", "current": "A"})
    assert [line.line.index for line in lines] == list(range(16))
    current = lines[3].line.values["current"]
    assert current.shape == (2, 16)
    assert current.dtype == np.float32
    assert (current < 0).all(), "cathodic current is negative whatever the wiring"
    assert engine.of("progress")[-1] == 100.0


def test_the_wired_source_biases_under_the_maps_current_limit_and_goes_off(lab, engine, source, probe):
    engine.run(CurrentMap(**SMALL), lab)
    assert "hold 0.2" in source.log
    assert source.log[-1] == "off"
    assert probe.contact


@pytest.mark.parametrize(
    ("disturb", "text"),
    [
        pytest.param(
            lambda source, probe: setattr(probe, "map_current", -2e-9),
            "line 0 of the current map reached 2 nA; its limit is 1 nA",
            id="preamp",
        ),
        pytest.param(
            lambda source, probe: setattr(source, "limiting", True),
            "the source reached its compliance at line 0 of the current map",
            id="compliance",
        ),
    ],
)
def test_a_current_at_which_lithium_would_plate_ends_the_map(lab, engine, source, probe, disturb, text):
    disturb(source, probe)
    with pytest.raises(Interlocked) as caught:
        engine.run(CurrentMap(**SMALL), lab)
    assert text in str(caught.value)
    assert source.log[-1] == "off"
    assert len(engine.of("line")) == 1, "the line that showed it is kept"


def test_the_outlook_of_the_default_map_is_512_s_over_a_square_of_5_um():
    ahead = CurrentMap().foresee(Wiring())
    assert ahead.duration == pytest.approx(512.0)
    assert ahead.scan_length == pytest.approx(2.56e-3)
    assert ahead.scan_extent == pytest.approx(2.5e-6)
    assert (ahead.bias_min, ahead.current, ahead.ramps) == (-0.2, 1e-9, 0)


@pytest.mark.parametrize(
    ("values", "text"),
    [
        pytest.param({"pixels": 100}, "100 pixels a line is no multiple of 16", id="pixels"),
        pytest.param({"channels": "height"}, "channels 'height' leave out 'current'", id="no current"),
        pytest.param(
            {"channels": "current,colour"}, "channel 'colour' cannot be read by this controller", id="unknown"
        ),
        pytest.param({"size": 20e-6, "x": 5e-6}, "the plan's path x: 15 µm is beyond", id="outside the scan range"),
        pytest.param({"size": 50e-6}, "size = 5e-05 is not allowed: a number from 500 nm to 20 µm", id="size"),
    ],
)
def test_a_map_that_cannot_be_is_refused_before_anything_moves(lab, engine, probe, values, text):
    with pytest.raises(BadInput) as caught:
        engine.run(CurrentMap(**values), lab)
    assert text in str(caught.value)
    assert probe.log == []


def test_a_stop_ends_the_scan_at_the_next_line(lab, engine, source):
    engine.stop_when = lambda topic, record: topic == "line" and record.line.index == 4
    with pytest.raises(Aborted):
        engine.run(CurrentMap(**SMALL), lab)
    assert len(engine.of("line")) == 5
    assert source.log[-1] == "off"


def test_a_resumed_map_is_taken_as_a_new_image(lab, engine):
    procedure = CurrentMap(**SMALL)
    procedure.next_frame = 1
    engine.run(procedure, lab)
    assert engine.of("frame")[0].index == 1


def test_scanning_wears_the_tip_by_the_way_it_was_dragged(lab, engine):
    procedure = CurrentMap(**SMALL)
    engine.run(procedure, lab)
    assert procedure.tip_log.record.scanned == pytest.approx(2 * 5e-6 * 16)
