"""ZSpectr: force curves over the wire, their safety, and SPECS' own client on every command of the module."""

import inspect
import threading
import time
from typing import Any

import numpy as np
import pytest

from sim_instruments.force_law import contact_force, snap_in_height
from sim_instruments.nanonis.z_state import Status

Z, DEFLECTION = 2, 5
NAN = float("nan")
DATA = "as 2f af"
NEWTON_PER_VOLT = 50e-9 * 40.0


def set_up(client: Any, lift: float = 20e-9, depth: float = 3e-9, points: int = 401) -> None:
    client.call("ZSpectr.Open")
    client.call("ZSpectr.ChsSet", "ai", [Z, DEFLECTION])
    client.call("ZSpectr.PropsSet", "H i H H H H", 1, points, 1, 2, 2, 2)
    client.call("ZSpectr.RangeSet", "f f", lift, -(lift + depth))
    client.call("ZSpectr.TimingSet", "f f f f f f f", 0.01, 0.0, 100.0, 0.5e-3, 0.5e-3, 0.0, 0.05)


def measure(client: Any) -> dict[str, Any]:
    names, rows, _ = client.call("ZSpectr.Start", "I s", 1, "", reply=DATA)
    return dict(zip(names, np.array(rows), strict=True))


def test_a_force_curve_has_a_flat_part_a_pull_off_and_a_contact_line(rig: Any) -> None:
    client = rig.client()
    set_up(client)
    data = measure(client)
    assert list(data) == ["Z rel (m)", "Z (m)", "Deflection (V)", "Z [bwd] (m)", "Deflection [bwd] (V)"]
    force = data["Deflection [bwd] (V)"] * NEWTON_PER_VOLT
    free, deepest = force[data["Z rel (m)"] > 5e-9], force[-5:]
    assert abs(free.mean()) < 1e-9
    assert deepest.mean() == pytest.approx(50e-9 + 3e-9 * 36.0, rel=0.05)
    assert force.min() < -5e-9


def test_the_curve_obeys_the_worlds_force_law(rig: Any) -> None:
    client = rig.client()
    set_up(client)
    data = measure(client)
    mechanics = rig.controller.world._mechanics
    pull, lever, reduced = mechanics.adhesion(), 40.0, mechanics.reduced
    # The tip stood at the setpoint: first touch lies that far above.
    touch = mechanics.travel_for(50e-9)
    travel = touch - data["Z rel (m)"]
    law = np.array([contact_force(t, lever, 25e-9, reduced, pull) for t in travel])
    force, inside = data["Deflection [bwd] (V)"] * NEWTON_PER_VOLT, travel > 0
    # 2 mV of readout noise are 4 nN; 1 nm of drift in between would be 36 nN.
    assert np.abs(force - law)[inside].max() < 20e-9
    assert abs((force - law)[inside].mean()) < 2e-9
    assert snap_in_height(lever, pull) < pull / lever


def test_auto_retract_turns_back_where_the_threshold_is_passed(rig: Any) -> None:
    client = rig.client()
    set_up(client, depth=10e-9)
    client.call("ZSpectr.RetractSet", "H f i H", 1, 150e-9 / NEWTON_PER_VOLT, DEFLECTION, 0)
    data = measure(client)
    force = np.array(data["Deflection (V)"]) * NEWTON_PER_VOLT
    assert len(force) < 401
    assert 150e-9 < force[-1] < 165e-9
    assert np.isfinite(data["Deflection [bwd] (V)"]).all()


def test_feedback_holds_the_tip_again_afterwards(rig: Any) -> None:
    client = rig.client()
    set_up(client)
    measure(client)
    assert client.call("ZSpectr.StatusGet", reply="I") == (0,)
    assert rig.controller.z.status is Status.ON
    assert rig.controller.world.tip.force == pytest.approx(50e-9, rel=0.01)


def test_stop_over_a_second_port_ends_it_and_the_tip_is_held_again(make_rig: Any) -> None:
    rig = make_rig()
    work, abort = rig.client(), rig.client()
    set_up(work, points=400_000)
    work.send("ZSpectr.Start", "I s", 1, "")
    deadline = time.monotonic() + 20
    while abort.call("ZSpectr.StatusGet", reply="I") != (1,):
        assert time.monotonic() < deadline
    abort.call("ZSpectr.Stop")
    _, rows, _ = work.receive(DATA)
    assert 0 < len(rows[0]) < 400_000
    assert rig.controller.world.tip.in_contact
    assert rig.controller.z.status is Status.ON


def test_withdrawing_meanwhile_keeps_the_tip_up(rig: Any) -> None:
    work, abort = rig.client(), rig.client()
    set_up(work, points=400_000)
    thread = threading.Thread(target=measure, args=(work,))
    thread.start()
    while abort.call("ZSpectr.StatusGet", reply="I") != (1,):
        pass
    rig.do(rig.controller.z.withdraw)
    thread.join(20)
    rig.do(lambda: rig.controller.timeline.advance(rig.controller.now + 5.0))
    assert not rig.controller.world.tip.in_contact
    assert rig.controller.z.status is Status.OFF
    assert rig.controller.z.position == pytest.approx(rig.controller.z.high)


def test_a_second_start_is_refused_while_one_runs(rig: Any) -> None:
    work, abort = rig.client(), rig.client()
    set_up(work, points=400_000)
    work.send("ZSpectr.Start", "I s", 1, "")
    while abort.call("ZSpectr.StatusGet", reply="I") != (1,):
        pass
    with pytest.raises(Exception, match="already running"):
        abort.call("ZSpectr.Start", "I s", 0, "", reply=DATA)
    abort.call("ZSpectr.Stop")
    work.receive(DATA)


def test_specs_own_client_knows_no_command_that_is_missing(rig: Any) -> None:
    client = rig.specs()
    known = {
        name.replace("_", ".", 1)
        for name, _ in inspect.getmembers(client)
        if name.startswith(("ZSpectr_", "SpectrumAnlzr_"))
    }
    # Cursors and the band between them are a matter of the module's window.
    by_hand = {"SpectrumAnlzr.CursorPosSet", "SpectrumAnlzr.CursorPosGet", "SpectrumAnlzr.BandRMSGet"}
    answered = set(rig.controller.handlers)
    assert {name for name in known if name.lower() not in answered} == by_hand


@pytest.mark.parametrize(
    ("setter", "values", "getter", "expected"),
    [
        ("PropsSet", (1, 300, 2, 2, 2, 1), "PropsGet", None),
        ("RangeSet", (20e-9, -30e-9), "RangeGet", (20e-9, -30e-9)),
        ("TimingSet", (0.01, 0.02, 50.0, 1e-3, 2e-3, 0.01, 0.1), "TimingGet", (0.01, 0.02, 50.0, 1e-3, 2e-3, 0.01, 0.1)),
        ("AdvPropsSet", (0.5, 1, 2, 1), "AdvPropsGet", (0.5, 1, 0, 1)),
        ("RetractDelaySet", (0.25,), "RetractDelayGet", (0.25,)),
        ("RetractSet", (1, 0.1, 5, 0), "RetractGet", (1, 0.1, 5, 0)),
        ("RetractSecondSet", (2, -0.1, 5, 1), "RetractSecondGet", (1, -0.1, 5, 1)),
        ("TTLSyncSet", (2, 1, 0.1, 0.2), "TTLSyncGet", (1, 0, 0.1, 0.2)),
        ("PulseSeqSyncSet", (3, 7), "PulseSeqSyncGet", (3, 7)),
    ],
)  # fmt: skip
def test_specs_own_client_reads_back_what_it_set(
    rig: Any, setter: str, values: Any, getter: str, expected: Any
) -> None:
    client = rig.specs()
    error, _, _ = getattr(client, f"ZSpectr_{setter}")(*values)
    assert not error
    error, _, back = getattr(client, f"ZSpectr_{getter}")()
    assert not error
    if expected is not None:
        assert [float(value) for value in back] == pytest.approx(list(expected), rel=1e-6)


@pytest.mark.parametrize(
    ("command", "layout", "values", "text"),
    [
        ("ZSpectr.ChsSet", "ai", ([200],), "Signal index 200 is out of range"),
        ("ZSpectr.PropsSet", "H i H H H H", (0, -5, 0, 0, 0, 0), "Number of points -5 is out of range"),
        ("ZSpectr.RangeSet", "f f", (NAN, 1e-9), "Z offset must be a finite number"),
        ("ZSpectr.RetractSet", "H f i H", (1, 0.1, 999, 0), "Signal index 999 is out of range"),
        ("SpectrumAnlzr.ChSet", "i i", (3, 5), "Spectrum Analyzer 3 is out of range"),
        ("SpectrumAnlzr.DataGet", "i", (1,), "The Spectrum Analyzer is not running"),
    ],
)
def test_what_cannot_be_is_refused(rig: Any, command: str, layout: str, values: Any, text: str) -> None:
    with pytest.raises(Exception, match=text):
        rig.client().call(command, layout, *values, reply="f f af" if command.endswith("DataGet") else "")


def test_the_thermal_spectrum_holds_kt_and_peaks_at_the_resonance(make_rig: Any) -> None:
    rig = make_rig(landed=False, spring_constant=40.0)
    client = rig.client()
    client.call("SpectrumAnlzr.ChSet", "i i", 1, DEFLECTION)
    client.call("SpectrumAnlzr.FreqRangeSet", "i i", 1, 2)
    client.call("SpectrumAnlzr.FreqResSet", "i H", 1, 4)
    client.call("SpectrumAnlzr.Run", "i", 1)
    rig.do(lambda: rig.controller.timeline.advance(rig.controller.now + 20.0))
    first, step, data = client.call("SpectrumAnlzr.DataGet", "i", 1, reply="f f af")
    frequency, density = first + step * np.arange(len(data)), np.array(data) ** 2
    fast = frequency > 100e3
    assert frequency[fast][np.argmax(density[fast])] == pytest.approx(300e3, rel=1e-3)
    floor = np.median(density[fast & (frequency < 200e3)])
    area = float(((density - floor) * step)[np.abs(frequency - 300e3) < 60e3].sum()) * (50e-9) ** 2
    assert area == pytest.approx(0.817 * 1.380649e-23 * 298.0 / 40.0, rel=0.05)
