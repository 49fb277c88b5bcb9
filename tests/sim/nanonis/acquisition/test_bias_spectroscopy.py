import math
import threading
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

CURRENT, BIAS, Z = 0, 1, 2
NAN = math.nan
TIMING = "f f f f f f f f"
DATA = "as 2f af"


def set_up(
    client: Any,
    start: float,
    end: float,
    points: int,
    backward: bool = False,
    sweeps: int = 1,
    channels: tuple[int, ...] = (CURRENT, BIAS, Z),
) -> None:
    client.call("BiasSpectr.Open")
    client.call("BiasSpectr.ChsSet", "ai", list(channels))
    client.call("BiasSpectr.PropsSet", "H i H i f H H", 2, sweeps, 1 if backward else 2, points, 0.0, 2, 2)
    client.call("BiasSpectr.AdvPropsSet", "H H H H", 1, 1, 2, 2)
    client.call("BiasSpectr.TimingSet", TIMING, 0.0, 0.0, 0.0, 100.0, 0.01, 0.01, 0.0, 0.0)
    client.call("BiasSpectr.LimitsSet", "f f", start, end)


def measure(client: Any) -> tuple[dict[str, Any], list[float]]:
    names, rows, parameters = client.call("BiasSpectr.Start", "I s", 1, "", reply=DATA)
    return dict(zip(names, np.array(rows), strict=True)), parameters


# --- data
def test_sweep_returns_channels_by_points_over_the_whole_range(rig: Any) -> None:
    client = rig.client()
    set_up(client, 0.0, -0.3, 31)
    data, parameters = measure(client)
    assert list(data) == ["Bias calc (V)", "Current (A)", "Bias (V)", "Z (m)"]
    assert data["Bias calc (V)"] == pytest.approx(np.linspace(0, -0.3, 31), abs=1e-6)
    assert data["Bias (V)"] == pytest.approx(data["Bias calc (V)"], abs=1e-6)
    assert parameters[:2] == pytest.approx([0.0, -0.3])


def test_reply_without_data_has_empty_arrays(rig: Any) -> None:
    client = rig.client()
    set_up(client, 0.0, -0.1, 5)
    assert client.call("BiasSpectr.Start", "I s", 0, "", reply=DATA) == ([], [], [])


def test_sweep_takes_its_settling_and_integration_time(rig: Any) -> None:
    client = rig.client()
    set_up(client, 0.0, -0.1, 50)
    before = rig.controller.now
    measure(client)
    assert rig.controller.now - before == pytest.approx(50 * 0.02 + 0.003, abs=5e-3)


def test_slew_rate_limits_the_bias_before_during_and_after_the_sweep(rig: Any) -> None:
    client = rig.client()
    set_up(client, -0.1, 0.1, 3)
    client.call("BiasSpectr.TimingSet", TIMING, NAN, NAN, NAN, 0.5, 0.01, 0.01, NAN, NAN)
    before = rig.controller.now
    measure(client)
    assert rig.controller.now - before == pytest.approx(0.4 / 0.5 + 3 * 0.02, abs=5e-3)


def test_backward_sweep_fills_rows_of_its_own_on_the_same_bias_axis(rig: Any) -> None:
    client = rig.client()
    set_up(client, 0.0, 0.2, 11, backward=True)
    data, _ = measure(client)
    assert data["Bias [bwd] (V)"] == pytest.approx(data["Bias calc (V)"], abs=1e-6)


def test_several_sweeps_are_averaged_and_kept_when_all_are_saved(rig: Any) -> None:
    client = rig.client()
    set_up(client, 0.0, 0.1, 8, sweeps=3, channels=(CURRENT,))
    client.call("BiasSpectr.PropsSet", "H i H i f H H", 1, 0, 0, 0, NAN, 0, 0)
    data, _ = measure(client)
    singles = [data[f"Current [0000{number}] (A)"] for number in (1, 2, 3)]
    assert data["Current (A)"] == pytest.approx(np.mean(singles, axis=0), rel=1e-4, abs=1e-15)


def test_bias_returns_to_what_it_was_only_when_told(rig: Any) -> None:
    client = rig.client()
    rig.do(lambda: rig.controller.bias.set(0.05))
    set_up(client, 0.0, 0.2, 5)
    measure(client)
    assert rig.controller.bias.value == pytest.approx(0.05)
    client.call("BiasSpectr.AdvPropsSet", "H H H H", 2, 0, 0, 0)
    measure(client)
    assert rig.controller.bias.value == pytest.approx(0.2)


def test_z_is_held_during_the_sweep_and_feedback_is_on_again_after_it(rig: Any) -> None:
    client = rig.client()
    set_up(client, 0.0, 0.1, 20)
    data, _ = measure(client)
    assert np.ptp(data["Z (m)"]) < 1e-9
    assert rig.controller.z.engaged


def test_z_offset_moves_the_tip_for_the_sweep_alone(rig: Any) -> None:
    client = rig.client()
    set_up(client, 0.0, 0.1, 5)
    rig.do(lambda: None)
    before = rig.controller.z.position
    client.call("BiasSpectr.TimingSet", TIMING, NAN, 200e-9, NAN, NAN, NAN, NAN, NAN, NAN)
    client.call("BiasSpectr.ZOffRevertSet", "H", 1)
    data, _ = measure(client)
    assert data["Z (m)"] == pytest.approx(before + 200e-9, abs=3e-9)
    assert rig.controller.z.position == pytest.approx(before, abs=3e-9)


def test_withdrawing_during_the_sweep_is_not_undone_by_its_z_offset(rig: Any) -> None:
    work, other = rig.client(), rig.client()
    set_up(work, 0.0, 0.1, 100_000)
    work.call("BiasSpectr.TimingSet", TIMING, NAN, 200e-9, NAN, NAN, NAN, NAN, NAN, NAN)
    work.call("BiasSpectr.ZOffRevertSet", "H", 1)
    work.send("BiasSpectr.Start", "I s", 0, "")
    while other.call("BiasSpectr.StatusGet", reply="I") != (1,):
        pass
    rig.do(rig.controller.z.withdraw)
    rig.do(lambda: rig.controller.timeline.advance(rig.controller.now + 1.0))
    other.call("BiasSpectr.Stop")
    work.receive(DATA)
    assert rig.controller.z.position == rig.controller.z.high


def test_segments_are_swept_one_after_the_other(rig: Any) -> None:
    client = rig.client()
    set_up(client, 0.0, 0.1, 5)
    columns = [[0.0, 0.2], [0.2, -0.1], [0.01, 0.01], [0.001, 0.001], [0.001, 0.002], [3, 4], [0, 0]]
    client.call("BiasSpectr.MLSValsSet", "i *f *f *f *f *f *i *I", 2, *columns)
    client.call("BiasSpectr.MLSModeSet", "s", "MLS")
    data, _ = measure(client)
    assert data["Bias calc (V)"] == pytest.approx([0, 0.1, 0.2, 0.2, 0.1, 0.0, -0.1], abs=1e-6)


# --- safe conditions
@pytest.mark.parametrize("sample", ["bare", "ppc"])
def test_negative_sweep_stops_at_the_point_whose_current_crosses_the_threshold(
    make_rig: Callable[..., Any], sample: str
) -> None:
    rig = make_rig(sample=sample, bias_applied_to="tip")
    client = rig.client()
    set_up(client, 0.0, -9.0, 901)
    client.call("BiasSpectr.SafeCond1Set", "H f i H", 3, 1e-9, CURRENT, 0)
    client.call("BiasSpectr.SafeCond2Set", "i f i H", 1, -1e-9, CURRENT, 1)
    data, _ = measure(client)
    current = np.abs(data["Current (A)"])
    assert 10 < len(current) < 901
    assert current[-1] > 1e-9
    assert np.all(current[:-1] <= 1e-9)
    assert rig.controller.bias.value == 0.0


def test_stop_condition_on_the_bias_cuts_the_sweep_right_behind_its_threshold(rig: Any) -> None:
    client = rig.client()
    set_up(client, 0.0, -0.4, 41)
    client.call("BiasSpectr.SafeCond1Set", "H f i H", 3, -0.205, BIAS, 1)
    data, _ = measure(client)
    assert data["Bias (V)"] == pytest.approx(np.arange(22) * -0.01, abs=1e-6)


def test_reverse_condition_sweeps_back_from_where_it_was_met(rig: Any) -> None:
    client = rig.client()
    set_up(client, 0.0, -0.4, 41, backward=True)
    client.call("BiasSpectr.SafeCond1Set", "H f i H", 2, -0.205, BIAS, 1)
    data, _ = measure(client)
    assert len(data["Bias (V)"]) == 22
    assert data["Bias [bwd] (V)"] == pytest.approx(data["Bias (V)"], abs=1e-6)


def test_safe_conditions_read_back_with_the_codes_of_get(rig: Any) -> None:
    client = rig.client()
    client.call("BiasSpectr.SafeCond1Set", "H f i H", 3, 2e-9, 5, 1)
    client.call("BiasSpectr.SafeCond1Set", "H f i H", 0, NAN, -1, 2)
    client.call("BiasSpectr.SafeCond2Set", "i f i H", 3, -2e-9, 6, 0)
    client.call("BiasSpectr.SafeCond2Set", "i f i H", -1, NAN, -1, 2)
    assert client.call("BiasSpectr.SafeCond1Get", reply="H f i H") == (2, pytest.approx(2e-9), 5, 1)
    assert client.call("BiasSpectr.SafeCond2Get", reply="i f i H") == (3, pytest.approx(-2e-9), 6, 0)


def test_old_release_has_no_safe_conditions(make_rig: Callable[..., Any]) -> None:
    client = make_rig(release=10862, landed=False).client()
    with pytest.raises(Exception, match="SafeCond1Get is not a function of release 10862"):
        client.call("BiasSpectr.SafeCond1Get", reply="H f i H")


# --- blocking and stopping
def test_stop_from_another_port_ends_a_running_sweep(rig: Any) -> None:
    work, other = rig.client(), rig.client()
    set_up(work, 0.0, -0.4, 100_000)
    work.send("BiasSpectr.Start", "I s", 1, "")
    deadline = time.monotonic() + 10
    while other.call("BiasSpectr.StatusGet", reply="I") != (1,):
        assert time.monotonic() < deadline
    other.call("BiasSpectr.Stop")
    names, rows, _ = work.receive(DATA)
    assert len(names) == 4
    assert 0 < len(rows[0]) < 100_000
    assert other.call("BiasSpectr.StatusGet", reply="I") == (0,)
    assert rig.controller.bias.value == 0.0
    assert rig.controller.z.engaged


def test_sweep_blocks_its_own_connection_until_it_ends(rig: Any) -> None:
    work, other = rig.client(), rig.client()
    set_up(work, 0.0, -0.4, 100_000)
    answered = threading.Event()

    def use_the_blocked_connection() -> None:
        work.send("BiasSpectr.Start", "I s", 0, "")
        work.send("BiasSpectr.StatusGet")
        work.receive(DATA)
        work.receive("I")
        answered.set()

    thread = threading.Thread(target=use_the_blocked_connection)
    thread.start()
    while other.call("BiasSpectr.StatusGet", reply="I") != (1,):
        pass
    assert not answered.is_set()
    other.call("BiasSpectr.Stop")
    thread.join(20)
    assert answered.is_set()


def test_second_start_is_refused_while_one_runs(rig: Any) -> None:
    work, other = rig.client(), rig.client()
    set_up(work, 0.0, -0.4, 100_000)
    work.send("BiasSpectr.Start", "I s", 0, "")
    while other.call("BiasSpectr.StatusGet", reply="I") != (1,):
        pass
    with pytest.raises(Exception, match="already running"):
        other.call("BiasSpectr.Start", "I s", 0, "", reply=DATA)
    other.call("BiasSpectr.Stop")
    work.receive(DATA)


def test_onlooker_who_polls_during_the_sweep_changes_nothing_in_the_data(make_rig: Callable[..., Any]) -> None:
    results, polls = [], []
    for watched in (False, True):
        rig = make_rig(seed=3)
        client, other = rig.client(), rig.client()
        set_up(client, 0.0, -0.3, 6000)
        begun = rig.do(lambda rig=rig: rig.controller.now)
        client.send("BiasSpectr.Start", "I s", 1, "")
        while watched and not rig.do(
            lambda rig=rig, begun=begun: rig.controller.bias.value == 0.0 and rig.controller.now > begun + 10
        ):
            polls.append(
                other.call("BiasSpectr.StatusGet", reply="I") + other.call("Scan.XYPosGet", "I", 1, reply="f f")
            )
        results.append(client.receive(DATA)[1])
    assert (1,) in [poll[:1] for poll in polls]
    assert results[0] == results[1]


# --- settings
def test_times_are_kept_as_multiples_of_the_real_time_cycle(rig: Any) -> None:
    client = rig.client()
    client.call("BiasSpectr.TimingSet", TIMING, 0.0, 1e-9, 0.01, 2.0, 1.23e-4, 3.3e-3, 0.0, NAN)
    timing = client.call("BiasSpectr.TimingGet", reply=TIMING)
    assert timing == pytest.approx((50e-6, 1e-9, 0.01, 2.0, 100e-6, 3.3e-3, 50e-6, 0.1), rel=1e-6)


@pytest.mark.parametrize(
    ("name", "layout", "values", "text"),
    [
        pytest.param("BiasSpectr.ChsSet", "ai", [[0, 128]], "Signal index 128", id="signal that is not there"),
        pytest.param("BiasSpectr.PropsSet", "H i H i f H H", [3, 0, 0, 0, 0.0, 0, 0], "Save all", id="bad switch"),
        pytest.param("BiasSpectr.MLSModeSet", "s", ["Circular"], "Circular", id="unknown mode"),
        pytest.param("BiasSpectr.SafeCond1Set", "H f i H", [4, 0.0, 0, 0], "Condition 4", id="bad condition"),
        pytest.param(
            "BiasSpectr.MLSValsSet",
            "i *f *f *f *f *f *i *I",
            [1, [0.0], [1.0], [NAN], [0.1], [0.1], [4], [0]],
            "Time must be a finite number",
            id="no time",
        ),
        pytest.param("BiasSpectr.AltZCtrlSet", "H f f", [0, 0.1, math.inf], "Time must be", id="for ever"),
        pytest.param("BiasSpectr.LimitsSet", "f", [0.0], "wrong arguments", id="body too short"),
    ],
)
def test_bad_arguments_are_answered_with_a_text(rig: Any, name: str, layout: str, values: list[Any], text: str) -> None:
    with pytest.raises(Exception, match=text):
        rig.client().call(name, layout, *values)


@pytest.mark.parametrize(
    ("release", "reply"), [pytest.param(10862, "ai", id="old"), pytest.param(11798, "ai as", id="with names")]
)
def test_channels_are_laid_out_as_the_release_has_them(make_rig: Callable[..., Any], release: int, reply: str) -> None:
    client = make_rig(release=release, landed=False).client()
    client.call("BiasSpectr.ChsSet", "ai", [0, 2])
    values = client.call("BiasSpectr.ChsGet", reply=reply)
    assert list(values[0]) == [0, 2]
    assert values[1:] in [(), (["Current (A)", "Z (m)"],)]


# --- SPECS' own client
def flat(answer: tuple[Any, ...]) -> list[Any]:
    error, _, values = answer
    assert error == ""
    return list(values)


def test_specs_client_sets_and_reads_every_setting(rig: Any) -> None:
    nanonis = rig.specs()
    settings: list[tuple[str, list[Any], list[Any]]] = [
        ("AdvProps", [2, 1, 1, 2], [0, 1, 1, 0]),
        ("Limits", [-0.25, 0.5], [-0.25, 0.5]),
        ("Timing", [0.5, 0.0, 0.25, 8.0, 0.125, 0.5, 1.0, 2.0], [0.5, 0.0, 0.25, 8.0, 0.125, 0.5, 1.0, 2.0]),
        ("DigSync", [3], [2]),
        ("TTLSync", [2, 1, 0.5, 0.25], [1, 0, 0.5, 0.25]),
        ("PulseSeqSync", [3, 7], [3, 7]),
        ("AltZCtrl", [1, 0.5, 0.25], [1, 0.5, 0.25]),
        ("ZOffRevert", [1], [1]),
        ("MLSLockinPerSeg", [1], [1]),
        ("MLSMode", ["MLS"], [3, "MLS"]),
    ]
    flat(nanonis.BiasSpectr_Open())
    for name, given, expected in settings:
        flat(getattr(nanonis, f"BiasSpectr_{name}Set")(*given))
        assert flat(getattr(nanonis, f"BiasSpectr_{name}Get")()) == pytest.approx(expected), name


def test_specs_client_reads_properties_channels_and_segments(rig: Any) -> None:
    nanonis = rig.specs()
    flat(nanonis.BiasSpectr_PropsSet(1, 2, 1, 64, 0.0, 2, 2))
    assert flat(nanonis.BiasSpectr_PropsGet())[:4] == [1, 2, 1, 64]
    flat(nanonis.BiasSpectr_ChsSet([0, 2]))
    assert flat(nanonis.BiasSpectr_ChsGet())[4] == ["Current (A)", "Z (m)", "Current [bwd] (A)", "Z [bwd] (m)"]
    columns = [[0.0, 0.5], [0.5, 0.0], [0.25, 0.5], [0.25, 0.5], [0.25, 0.5], [4, 8], [0, 1]]
    flat(nanonis.BiasSpectr_MLSValsSet(2, *columns))
    values = flat(nanonis.BiasSpectr_MLSValsGet())
    assert values[0] == 2
    assert [[item[0] for item in column] for column in values[1:]] == columns


def test_specs_client_runs_a_sweep(rig: Any) -> None:
    nanonis = rig.specs()
    set_up(rig.client(), 0.0, -0.2, 21)
    values = flat(nanonis.BiasSpectr_Start(1, "mine"))
    names, rows, columns, data = values[2:6]
    assert names[0] == "Bias calc (V)"
    assert (rows, columns) == data.shape == (4, 21)
    assert len(values[7]) == 10
    flat(nanonis.BiasSpectr_Stop())


# --- Point & Shoot
def shot(client: Any) -> list[float]:
    """Return the bias (V) at each look until a measurement has begun and ended."""
    biases: list[float] = []
    begun = False
    for _ in range(4000):
        (running,) = client.call("BiasSpectr.StatusGet", reply="I")
        biases += client.call("Bias.Get", reply="f")
        if begun and not running:
            return biases
        begun = begun or bool(running)
    raise AssertionError("no measurement has begun and ended")


def test_point_and_shoot_sweeps_the_bias_wherever_follow_me_brings_the_tip(rig: Any) -> None:
    client = rig.client()
    set_up(client, 0.0, -0.3, 20)
    client.call("FolMe.PSPropsSet", "I I s s f", 1, 1, "spots", "", 0.5)
    client.call("FolMe.PSOnOffSet", "I", 1)
    assert client.call("FolMe.PSExpGet", reply="H as") == (0, ["Bias Spectroscopy", "Z Spectroscopy", "External VI"])
    for x in (1e-7, 2e-7, 2e-7):
        client.call("FolMe.XYPosSet", "d d I", x, 0.0, 1)
        assert client.call("BiasSpectr.StatusGet", reply="I") == (0,), "the delay is not over yet"
        biases = shot(client)
        assert min(biases) == pytest.approx(-0.3, abs=0.02)
        assert biases[-1] == 0.0


def test_without_point_and_shoot_a_move_starts_nothing(rig: Any) -> None:
    client = rig.client()
    set_up(client, 0.0, -0.3, 20)
    client.call("FolMe.XYPosSet", "d d I", 1e-7, 0.0, 1)
    with pytest.raises(AssertionError, match="no measurement"):
        shot(client)
