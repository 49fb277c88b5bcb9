import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

CURRENT, BIAS, Z, X, Y, DEFLECTION = range(6)
UP, DOWN = 1, 0
FORWARD, BACKWARD = 1, 0
START, STOP, PAUSE, RESUME, FREEZE, UNFREEZE, CENTRE = range(7)
IMAGE = "s 2f I"
LINE = "I i H i"
PROPERTIES = "I I I s s as I"


def set_up(client: Any, pixels: int = 16, lines: int = 4, channels: tuple[int, ...] = (CURRENT, Z, X, Y)) -> None:
    client.call("Scan.FrameSet", "f f f f f", 1e-6, -2e-6, 1.6e-6, 0.4e-6, 0.0)
    client.call("Scan.BufferSet", "ai i i", list(channels), pixels, lines)
    client.call("Scan.SpeedSet", "f f f f H f", 0.0, 0.0, 0.5, 0.25, 2, 0.0)


def act(client: Any, action: int, direction: int = UP) -> None:
    client.call("Scan.Action", "H I", action, direction)


def grab(client: Any, channel: int, direction: int = FORWARD) -> Any:
    return np.array(client.call("Scan.FrameDataGrab", "I I", channel, direction, reply=IMAGE)[1])


def wait(client: Any, timeout: int = 100_000) -> tuple[Any, ...]:
    result: tuple[Any, ...] = client.call("Scan.WaitEndOfScan", "i", timeout, reply="I S")
    return result


def wait_line(client: Any, timeout: int = 100_000) -> tuple[Any, ...]:
    result: tuple[Any, ...] = client.call("Scan.WaitEndOfLine", "i", timeout, reply=LINE)
    return result


# --- geometry of the data
@pytest.mark.parametrize("direction", [UP, DOWN], ids=["up", "down"])
@pytest.mark.parametrize("data", [FORWARD, BACKWARD], ids=["forward", "backward"])
def test_image_rows_run_from_the_upper_edge_and_columns_from_the_left(rig: Any, direction: int, data: int) -> None:
    client = rig.client()
    set_up(client)
    act(client, START, direction)
    assert wait(client) == (0, "")
    assert grab(client, X, data)[0] == pytest.approx(1e-6 + (np.arange(16) - 7.5) * 1e-7, abs=1e-12)
    assert grab(client, Y, data)[:, 0] == pytest.approx(-2e-6 + np.array([1.5, 0.5, -0.5, -1.5]) * 1e-7, abs=1e-12)


@pytest.mark.parametrize(
    ("direction", "scanned"), [pytest.param(UP, [2, 3], id="up"), pytest.param(DOWN, [0, 1], id="down")]
)
def test_rows_not_scanned_yet_are_nan(rig: Any, direction: int, scanned: list[int]) -> None:
    client = rig.client()
    set_up(client)
    act(client, START, direction)
    while wait_line(client)[1:3] != (2, BACKWARD + 1):
        pass
    act(client, STOP)
    image = grab(client, Z)
    assert np.flatnonzero(np.isfinite(image).all(axis=1)).tolist() == scanned
    assert np.isnan(np.delete(image, scanned, axis=0)).all()


def test_positive_angle_turns_the_frame_clockwise(rig: Any) -> None:
    client = rig.client()
    set_up(client)
    client.call("Scan.FrameSet", "f f f f f", 0.0, 0.0, 1.6e-6, 0.4e-6, 90.0)
    act(client, START)
    wait(client)
    assert grab(client, Y)[0, 0] == pytest.approx(0.75e-6, abs=1e-10)
    assert grab(client, X)[0, 0] == pytest.approx(0.15e-6, abs=1e-10)


def test_trace_and_retrace_show_the_same_surface(rig: Any) -> None:
    client = rig.client()
    set_up(client, pixels=128, lines=8)
    act(client, START)
    wait(client)
    trace, retrace = grab(client, Z, FORWARD), grab(client, Z, BACKWARD)
    assert np.ptp(trace) > 2e-9
    assert np.corrcoef(trace.ravel(), retrace.ravel())[0, 1] > 0.95


def test_height_is_that_of_the_sample_under_the_tip(rig: Any) -> None:
    client = rig.client()
    set_up(client, pixels=64)
    act(client, START)
    wait(client)
    x, y, z = grab(client, X), grab(client, Y), grab(client, Z)
    truth = rig.do(lambda: rig.controller.world.surface_height(x, y))
    assert np.std(z - truth) < 0.2 * np.std(truth)


def test_slow_output_filter_smooths_the_current_image(rig: Any) -> None:
    client = rig.client()
    set_up(client, pixels=512, lines=2)
    spread = []
    for index in (0, 3):
        rig.controller.preamp.filter_index = index
        act(client, START)
        wait(client)
        spread.append(np.std(np.diff(grab(client, CURRENT))))
    assert spread[1] < 0.2 * spread[0]


# --- time
def test_scan_lasts_as_long_as_its_lines(rig: Any) -> None:
    client = rig.client()
    set_up(client)
    act(client, START)
    while wait_line(client)[2] != 3:
        pass
    before = rig.controller.now
    wait(client)
    assert rig.controller.now - before == pytest.approx(4 * 0.75, abs=5e-3)


def test_line_ends_come_twice_a_row_after_the_move_to_the_start(rig: Any) -> None:
    client = rig.client()
    set_up(client, lines=2)
    act(client, START)
    ends = [wait_line(client) for _ in range(5)]
    assert ends == [(0, -1, 3, 0), (0, 1, 0, 1), (0, 1, 1, 1), (0, 2, 0, 1), (0, 2, 1, 1)]


@pytest.mark.parametrize("name", ["Scan.WaitEndOfScan", "Scan.WaitEndOfLine"])
def test_waits_time_out(rig: Any, name: str) -> None:
    client = rig.client()
    set_up(client)
    before = rig.controller.now
    reply = client.call(name, "i", 200, reply="I S" if name.endswith("Scan") else LINE)
    assert reply[0] == 1
    assert rig.controller.now - before == pytest.approx(0.2, abs=1e-2)


def test_position_moves_along_the_line_while_it_is_scanned(rig: Any) -> None:
    client = rig.client()
    set_up(client, lines=1)
    act(client, START)
    wait_line(client)
    places = [client.call("Scan.XYPosGet", "I", 1, reply="f f") for _ in range(8)]
    assert np.all(np.diff([x for x, _ in places]) > 0)
    assert [y for _, y in places] == pytest.approx([-2e-6] * 8)


# --- actions
def test_stop_ends_the_scan_and_wakes_who_waits_for_its_end(rig: Any) -> None:
    work, other = rig.client(), rig.client()
    set_up(work, lines=4096)
    act(work, START)
    work.send("Scan.WaitEndOfScan", "i", -1)
    act(other, STOP)
    assert work.receive("I S") == (0, "")
    assert work.call("Scan.StatusGet", reply="I") == (0,)


def test_pause_halts_at_the_end_of_the_line_and_resume_goes_on(rig: Any) -> None:
    client = rig.client()
    set_up(client)
    act(client, START)
    wait_line(client)
    wait_line(client)
    act(client, PAUSE)
    assert client.call("Scan.StatusGet", reply="I") == (1,)
    assert wait_line(client)[1:3] == (1, 1)
    assert client.call("Scan.StatusGet", reply="I") == (0,)
    assert wait_line(client, 5000)[0] == 1
    act(client, RESUME)
    assert wait_line(client)[1:3] == (2, 0)
    assert wait(client)[0] == 0
    assert np.isfinite(grab(client, Z)).all()


def test_frozen_scan_repeats_its_line(rig: Any) -> None:
    client = rig.client()
    set_up(client)
    act(client, START)
    wait_line(client)
    act(client, FREEZE)
    assert {wait_line(client)[1] for _ in range(6)} == {1}
    act(client, UNFREEZE)
    assert [wait_line(client)[1] for _ in range(4)] == [1, 1, 2, 2]


def test_go_to_centre_moves_the_tip_there(rig: Any) -> None:
    client = rig.client()
    set_up(client)
    act(client, CENTRE)
    assert wait_line(client) == (0, -1, 2, 0)
    assert client.call("Scan.XYPosGet", "I", 1, reply="f f") == pytest.approx((1e-6, -2e-6))


def test_continuous_bouncy_scan_turns_round_after_each_frame(rig: Any) -> None:
    client = rig.client()
    set_up(client, lines=2)
    client.call("Scan.PropsSet", PROPERTIES, 1, 1, 0, "", "", [], 0)
    act(client, START, UP)
    directions = []
    for _ in range(3):
        wait(client)
        wait_line(client)
        directions.append(client.call("Scan.FrameDataGrab", "I I", Z, 1, reply=IMAGE)[2])
    assert directions == [DOWN, UP, DOWN]
    act(client, STOP)


def test_safe_tip_pauses_the_scan(rig: Any) -> None:
    client = rig.client()
    set_up(client)
    act(client, START)
    wait_line(client)
    rig.do(lambda: [told() for told in rig.controller.on_safe_tip])
    wait_line(client)
    wait_line(client)
    assert client.call("Scan.StatusGet", reply="I") == (0,)


def test_changing_the_buffer_starts_a_running_scan_anew(rig: Any) -> None:
    client = rig.client()
    set_up(client)
    act(client, START)
    for _ in range(4):
        wait_line(client)
    client.call("Scan.BufferSet", "ai i i", [Z], 32, 3)
    assert wait_line(client)[1] == -1
    wait(client)
    assert grab(client, Z).shape == (3, 32)


# --- saving
def test_autosaved_path_comes_with_the_end_of_the_scan_and_counts_up(rig: Any) -> None:
    client = rig.client()
    set_up(client, lines=1)
    client.call("Scan.PropsSet", PROPERTIES, 2, 2, 1, "map", "", [], 0)
    paths = []
    for _ in range(2):
        act(client, START)
        paths.append(wait(client)[1])
    assert [path.rpartition("\\")[2] for path in paths] == ["map0001.sxm", "map0002.sxm"]


def test_autosave_next_saves_one_frame_only(rig: Any) -> None:
    client = rig.client()
    set_up(client, lines=1)
    client.call("Scan.PropsSet", PROPERTIES, 2, 2, 2, "", "", [], 0)
    act(client, START)
    first = wait(client)[1]
    act(client, START)
    assert first
    assert wait(client)[1] == ""


@pytest.mark.parametrize(
    ("timeout", "timed_out"), [pytest.param(-1, 0, id="patient"), pytest.param(10, 1, id="impatient")]
)
def test_save_says_whether_waiting_took_too_long(rig: Any, timeout: int, timed_out: int) -> None:
    assert rig.client().call("Scan.Save", "I i", 1, timeout, reply="I") == (timed_out,)


# --- coercion and errors
@pytest.mark.parametrize(("asked", "got"), [(1, 16), (250, 256), (263, 256), (265, 272), (512, 512)])
def test_pixels_are_coerced_to_a_multiple_of_16(rig: Any, asked: int, got: int) -> None:
    client = rig.client()
    client.call("Scan.BufferSet", "ai i i", [0], asked, 0)
    assert client.call("Scan.BufferGet", reply="ai i i") == ([0], got, got)


def test_frame_is_coerced_into_the_scanners_range(rig: Any) -> None:
    client = rig.client()
    client.call("Scan.FrameSet", "f f f f f", 9.5e-6, 0.0, 4e-6, 2e-6, 0.0)
    frame = client.call("Scan.FrameGet", reply="f f f f f")
    assert frame == pytest.approx((8e-6, 0.0, 4e-6, 2e-6, 0.0), abs=1e-12)


@pytest.mark.parametrize(
    ("keep", "expected"),
    [
        pytest.param(1, (1e-6, 2e-6, 5.0, 2.5, 0, 2.0), id="linear speed kept"),
        pytest.param(2, (2.5e-6, 5e-6, 2.0, 1.0, 1, 2.0), id="time per line kept"),
    ],
)
def test_the_kept_speed_parameter_survives_a_new_frame_width(rig: Any, keep: int, expected: tuple[float, ...]) -> None:
    client = rig.client()
    client.call("Scan.FrameSet", "f f f f f", 0.0, 0.0, 2e-6, 2e-6, 0.0)
    client.call("Scan.SpeedSet", "f f f f H f", 1e-6, 0.0, 2.0, 0.0, keep, 2.0)
    client.call("Scan.FrameSet", "f f f f f", 0.0, 0.0, 5e-6, 5e-6, 0.0)
    assert client.call("Scan.SpeedGet", reply="f f f f H f") == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize(
    ("name", "layout", "values", "text"),
    [
        pytest.param("Scan.FrameDataGrab", "I I", [DEFLECTION + 50, 1], "is not in the scan buffer", id="unbuffered"),
        pytest.param("Scan.FrameDataGrab", "I I", [999, 1], "Signal index 999", id="no such signal"),
        pytest.param("Scan.BufferSet", "ai i i", [[0, 300], 16, 16], "Signal index 300", id="bad channel"),
        pytest.param("Scan.BufferSet", "ai i i", [[0], 0, 16], "out of range", id="no pixels"),
        pytest.param("Scan.FrameSet", "f f f f f", [0.0, 0.0, -1e-6, 1e-6, 0.0], "not possible", id="negative width"),
        pytest.param("Scan.FrameSet", "f f f f f", [math.nan] * 5, "not possible", id="nan"),
        pytest.param("Scan.Action", "H I", [7, 0], "Scan action 7", id="unknown action"),
        pytest.param("Scan.Action", "H", [0], "wrong arguments", id="body too short"),
    ],
)
def test_bad_arguments_are_answered_with_a_text(rig: Any, name: str, layout: str, values: list[Any], text: str) -> None:
    with pytest.raises(Exception, match=text):
        rig.client().call(name, layout, *values)


def test_properties_grow_with_the_release(make_rig: Callable[..., Any]) -> None:
    old = make_rig(landed=False).client()
    old.call("Scan.PropsSet", "I I I s s", 1, 2, 2, "mine", "hello")
    assert old.call("Scan.PropsGet", reply="I I I s s") == (1, 0, 1, "mine", "hello")
    new = make_rig(release=14718, landed=False).client()
    new.call("Scan.PropsSet", PROPERTIES, 2, 1, 3, "mine", "hello", ["Bias"], 2)
    *basic, modules, counts, table, autopaste = new.call("Scan.PropsGet", reply="I I I s s as ai 2s I")
    assert basic == [0, 1, 2, "mine", "hello"]
    assert modules == ["Bias"]
    assert [len(row) for row in table] == counts
    assert autopaste == 1


def test_large_frame_arrives_whole(rig: Any) -> None:
    client = rig.client()
    set_up(client, pixels=512, lines=512)
    assert grab(client, Z).shape == (512, 512)


# --- SPECS' own client
def flat(answer: tuple[Any, ...]) -> list[Any]:
    error, _, values = answer
    assert error == ""
    return list(values)


def test_specs_client_scans_a_frame(rig: Any) -> None:
    nanonis = rig.specs()
    flat(nanonis.Scan_FrameSet(0.0, 0.0, 1e-6, 0.5e-6, 10.0))
    assert flat(nanonis.Scan_FrameGet()) == pytest.approx([0.0, 0.0, 1e-6, 0.5e-6, 10.0])
    flat(nanonis.Scan_BufferSet([0, 2], 16, 4))
    buffer = flat(nanonis.Scan_BufferGet())
    assert (buffer[0], buffer[2], buffer[3]) == (2, 16, 4)
    flat(nanonis.Scan_SpeedSet(0.0, 0.0, 0.1, 0.1, 2, 1.0))
    assert flat(nanonis.Scan_SpeedGet())[2:5] == pytest.approx([0.1, 0.1, 1])
    flat(nanonis.Scan_PropsSet(2, 2, 1, "specs", "by hand", ["Bias", "Scan"], 0))
    flat(nanonis.Scan_Action(START, UP))
    assert flat(nanonis.Scan_StatusGet()) == [1]
    timed_out, _, path = flat(nanonis.Scan_WaitEndOfScan(-1))
    assert (timed_out, path.endswith("specs0001.sxm")) == (0, True)
    _, name, rows, columns, data, direction = flat(nanonis.Scan_FrameDataGrab(2, FORWARD))
    assert (name, rows, columns, direction) == ("Z (m)", 4, 16, UP)
    assert np.isfinite(data).all()


def test_specs_client_saves_pastes_and_reads_the_position(rig: Any) -> None:
    nanonis = rig.specs()
    assert flat(nanonis.Scan_Save(1, 1000)) == [0]
    assert flat(nanonis.Scan_BackgroundPaste(1, 1000)) == [0]
    assert flat(nanonis.Scan_BackgroundDelete(1, 1000, 1)) == [0]
    assert flat(nanonis.Scan_XYPosGet(1)) == pytest.approx([0.0, 0.0])
