import struct
from collections.abc import Callable
from typing import Any

import pytest

OFF, ON, HOLD, SWITCHING_OFF, SAFE_TIP, WITHDRAWING = 1, 2, 3, 4, 5, 6


def now(lab: Any) -> float:
    return float(lab.call(lambda: lab.timeline.now))


def status(client: Any) -> int:
    return int(client.ask("ZCtrl.StatusGet", reply="H")[0])


def tip(lab: Any) -> Any:
    return lab.call(lambda: lab.world.tip)


def wait_until_engaged(lab: Any, client: Any) -> None:
    for _ in range(400):
        client.ask("ZCtrl.StatusGet", reply="H")
        if lab.call(lambda: lab.controller.z.engaged):
            return
    raise AssertionError("the tip does not land")


def test_the_lab_starts_withdrawn_with_everything_off(lab: Any, client: Any) -> None:
    assert status(client) == OFF
    assert client.ask("ZCtrl.OnOffGet", reply="I") == (0,)
    assert client.ask("ZCtrl.ZPosGet", reply="f")[0] == pytest.approx(
        client.ask("ZCtrl.LimitsGet", reply="f f")[0], abs=1e-9
    )
    assert client.ask("SafeTip.OnOffGet", reply="H") == (0,)
    assert client.ask("ZCtrl.CtrlListGet", reply="as i")[1] == 0
    assert not tip(lab).in_contact


def test_the_piezo_alone_does_not_reach_the_sample(lab: Any, client: Any) -> None:
    client.ask("ZCtrl.OnOffSet", "I", 1)
    for _ in range(200):
        client.ask("ZCtrl.StatusGet", reply="H")
    assert not tip(lab).in_contact
    assert client.ask("ZCtrl.ZPosGet", reply="f")[0] == pytest.approx(
        client.ask("ZCtrl.LimitsGet", reply="f f")[1], abs=1e-9
    )


def test_auto_approach_ends_on_the_sample_at_the_setpoint(lab: Any, landed: Any) -> None:
    wait_until_engaged(lab, landed)
    landed.ask("Signals.ValGet", "i I", 5, 1, reply="f")
    assert status(landed) == ON
    assert tip(lab).force == pytest.approx(50e-9, rel=0.02)
    high, low = landed.ask("ZCtrl.LimitsGet", reply="f f")
    assert abs(landed.ask("ZCtrl.ZPosGet", reply="f")[0]) < 0.2 * (high - low)


def test_auto_approach_must_be_open_and_can_be_stopped(lab: Any, client: Any) -> None:
    assert "not open" in client.error("AutoApproach.OnOffSet", "H", 1)
    client.ask("AutoApproach.Open")
    client.ask("AutoApproach.OnOffSet", "H", 1)
    assert client.ask("AutoApproach.OnOffGet", reply="H") == (1,)
    client.ask("AutoApproach.OnOffSet", "H", 0)
    assert client.ask("AutoApproach.OnOffGet", reply="H") == (0,)
    assert status(client) == OFF


def test_the_setpoint_sets_the_force(lab: Any, landed: Any) -> None:
    landed.ask("ZCtrl.SetpntSet", "f", 0.05)
    landed.ask("Signals.ValGet", "i I", 5, 1, reply="f")
    landed.ask("Signals.ValGet", "i I", 5, 1, reply="f")
    assert tip(lab).force == pytest.approx(100e-9, rel=0.02)
    assert landed.ask("Signals.ValGet", "i I", 5, 1, reply="f")[0] == pytest.approx(0.05, abs=3e-3)


def test_z_cannot_be_set_while_the_controller_is_on(landed: Any) -> None:
    assert "switched off" in landed.error("ZCtrl.ZPosSet", "f", 0.0)


def test_switching_off_takes_the_delay_and_lifts(lab: Any, landed: Any) -> None:
    landed.ask("ZCtrl.SwitchOffDelaySet", "f", 0.1)
    landed.ask("ZCtrl.TipLiftSet", "f", 100e-9)
    before = landed.ask("ZCtrl.ZPosGet", reply="f")[0]
    landed.ask("ZCtrl.OnOffSet", "I", 0)
    assert status(landed) == SWITCHING_OFF
    polls = 1
    while landed.ask("ZCtrl.OnOffGet", reply="I") == (1,):
        polls += 1
    assert 4 <= polls <= 6
    assert status(landed) == OFF
    assert landed.ask("ZCtrl.ZPosGet", reply="f")[0] == pytest.approx(before + 100e-9, abs=2e-9)
    assert not tip(lab).in_contact
    landed.ask("ZCtrl.ZPosSet", "f", before + 200e-9)
    assert landed.ask("ZCtrl.ZPosGet", reply="f")[0] == pytest.approx(before + 200e-9, abs=2e-9)


def test_withdraw_takes_its_time_at_the_withdraw_rate(lab: Any, landed: Any) -> None:
    landed.ask("ZCtrl.WithdrawRateSet", "f", 1e-6)
    start, z = now(lab), landed.ask("ZCtrl.ZPosGet", reply="f")[0]
    landed.ask("ZCtrl.Withdraw", "I i", 1, -1)
    high = landed.ask("ZCtrl.LimitsGet", reply="f f")[0]
    assert now(lab) - start == pytest.approx((high - z) / 1e-6, rel=0.02)
    assert status(landed) == OFF
    assert landed.ask("ZCtrl.ZPosGet", reply="f")[0] == pytest.approx(high, abs=1e-9)


def test_withdraw_returns_at_its_timeout_or_at_once(lab: Any, landed: Any) -> None:
    landed.ask("ZCtrl.WithdrawRateSet", "f", 1e-6)
    start = now(lab)
    landed.ask("ZCtrl.Withdraw", "I i", 1, 100)
    assert now(lab) - start == pytest.approx(0.101, abs=5e-3)
    assert status(landed) == WITHDRAWING
    landed.ask("ZCtrl.Withdraw", "I i", 0, -1)
    assert status(landed) == WITHDRAWING


def test_home_is_absolute_or_relative(landed: Any) -> None:
    landed.ask("ZCtrl.HomePropsSet", "H f", 2, 300e-9)
    assert landed.ask("ZCtrl.HomePropsGet", reply="H f") == pytest.approx((1, 300e-9))
    before = landed.ask("ZCtrl.ZPosGet", reply="f")[0]
    landed.ask("ZCtrl.Home")
    assert landed.ask("ZCtrl.ZPosGet", reply="f")[0] == pytest.approx(before + 300e-9, abs=2e-9)
    landed.ask("ZCtrl.HomePropsSet", "H f", 1, float("nan"))
    assert landed.ask("ZCtrl.HomePropsGet", reply="H f") == pytest.approx((0, 300e-9))
    landed.ask("ZCtrl.Home")
    assert landed.ask("ZCtrl.ZPosGet", reply="f")[0] == pytest.approx(300e-9, abs=1e-9)


def test_limits_hold_the_tip_only_while_they_are_enabled(lab: Any, landed: Any) -> None:
    reach = landed.ask("ZCtrl.LimitsGet", reply="f f")
    landed.ask("ZCtrl.LimitsSet", "f f", 1e-6, 0.5e-6)
    assert landed.ask("ZCtrl.LimitsGet", reply="f f") == reach
    landed.ask("ZCtrl.LimitsEnabledSet", "I", 1)
    landed.ask("ZCtrl.LimitsSet", "f f", 1e-6, 0.5e-6)
    for _ in range(3):
        status(landed)
    assert not tip(lab).in_contact
    assert landed.ask("ZCtrl.ZPosGet", reply="f")[0] == pytest.approx(0.5e-6, abs=1e-9)
    landed.ask("ZCtrl.Withdraw", "I i", 1, -1)
    assert landed.ask("ZCtrl.ZPosGet", reply="f")[0] == pytest.approx(1e-6, abs=1e-9)


def test_a_current_above_the_threshold_retracts_the_tip(lab: Any, landed: Any) -> None:
    landed.ask("SafeTip.PropsSet", "H H f", 2, 0, 50e-12)
    landed.ask("SafeTip.OnOffSet", "H", 1)
    landed.ask("SafeTip.OnOffSet", "H", 0)
    assert landed.ask("SafeTip.OnOffGet", reply="H") == (1,)
    assert status(landed) == ON
    landed.ask("Bias.Set", "f", 10.0)
    for _ in range(40):
        if status(landed) == SAFE_TIP:
            break
    landed.ask("Bias.Set", "f", 0.0)
    for _ in range(40):
        landed.ask("ZCtrl.OnOffGet", reply="I")
    assert status(landed) == SAFE_TIP
    assert not tip(lab).in_contact
    landed.ask("ZCtrl.OnOffSet", "I", 1)
    wait_until_engaged(lab, landed)


def test_the_active_controller_is_changed_only_while_off(landed: Any) -> None:
    assert "switched off" in landed.error("ZCtrl.ActiveCtrlSet", "i", 1)
    landed.ask("ZCtrl.OnOffSet", "I", 0)
    landed.ask("ZCtrl.ActiveCtrlSet", "i", 1)
    assert landed.ask("ZCtrl.CtrlListGet", reply="as i")[1] == 1


def test_safe_tip_recovers_by_itself_when_told_to(lab: Any, landed: Any) -> None:
    paused: list[int] = []
    lab.call(lambda: lab.controller.on_safe_tip.append(lambda: paused.append(1)))
    landed.ask("SafeTip.PropsSet", "H H f", 1, 1, 50e-12)
    landed.ask("SafeTip.OnOffSet", "H", 1)
    landed.ask("Bias.Pulse", "I f f H H", 1, 0.3, 10.0, 0, 2)
    assert status(landed) == SAFE_TIP
    assert paused
    wait_until_engaged(lab, landed)
    assert status(landed) == ON


def test_a_pulse_can_hold_z(landed: Any) -> None:
    landed.ask("Bias.Pulse", "I f f H H", 0, 0.1, 0.1, 1, 2)
    assert status(landed) == HOLD
    for _ in range(6):
        landed.ask("ZCtrl.OnOffGet", reply="I")
    assert status(landed) == ON


# --- moves


def position(client: Any) -> tuple[float, float]:
    x, y = client.ask("FolMe.XYPosGet", "I", 1, reply="d d")
    return x, y


def test_a_move_takes_its_way_at_its_speed(lab: Any, client: Any) -> None:
    client.ask("FolMe.SpeedSet", "f I", 2e-6, 1)
    start = now(lab)
    client.ask("FolMe.XYPosSet", "d d I", 3e-6, 4e-6, 1)
    assert now(lab) - start == pytest.approx(2.5, rel=1e-3)
    assert position(client) == (3e-6, 4e-6)


def test_a_move_without_wait_is_under_way(client: Any) -> None:
    client.ask("FolMe.XYPosSet", "d d I", 1e-6, 0.0, 0)
    x, _ = position(client)
    assert 0 < x < 0.1e-6


def test_stop_from_another_port_ends_a_waiting_move_short(lab: Any, connect: Callable[..., Any], landed: Any) -> None:
    landed.ask("FolMe.SpeedSet", "f I", 10e-9, 1)
    other = connect(1)
    landed.send("FolMe.XYPosSet", struct.pack(">ddI", 9e-6, 0.0, 1))
    other.ask("FolMe.Stop")
    landed.receive()
    x, _ = position(landed)
    assert 0 <= x < 9e-6
    assert position(landed)[0] == x


def test_a_target_out_of_range_is_coerced(client: Any) -> None:
    client.ask("FolMe.SpeedSet", "f I", 1e-4, 1)
    client.ask("FolMe.XYPosSet", "d d I", 1.0, -1.0, 1)
    assert position(client) == (10e-6, -10e-6)


def test_a_tip_on_the_sample_feels_the_way(lab: Any, landed: Any) -> None:
    before = tip(lab).scanned
    landed.ask("FolMe.XYPosSet", "d d I", 0.5e-6, 0.0, 1)
    assert tip(lab).scanned - before == pytest.approx(0.5e-6, rel=0.01)
    assert tip(lab).in_contact
    landed.ask("TipRec.BufferClear")
    landed.ask("FolMe.XYPosSet", "d d I", 0.0, 0.0, 1)
    channels, data = landed.ask("TipRec.DataGet", reply="ai 2f")
    assert channels[0] == 3
    assert data[0][0] == pytest.approx(0.5e-6)
    assert data[0][-1] == pytest.approx(0.0, abs=1e-12)
    assert len(data) == len(channels)
    assert len(data[0]) >= 10


def test_the_scan_s_speed_is_used_when_asked(client: Any) -> None:
    client.ask("FolMe.SpeedSet", "f I", 7e-6, 1)
    client.ask("FolMe.SpeedSet", "f I", 1e-6, 0)
    _, custom = client.ask("FolMe.SpeedGet", reply="f I")
    assert custom == 0
    client.ask("FolMe.SpeedSet", "f I", 3e-6, 1)
    assert client.ask("FolMe.SpeedGet", reply="f I") == pytest.approx((3e-6, 1))


# --- motor, piezo, bias, outputs


def test_motor_steps_take_time_and_count(lab: Any, client: Any) -> None:
    start = now(lab)
    client.ask("Motor.StartMove", "I H I I", 0, 100, 0, 1)
    assert now(lab) - start == pytest.approx(0.1, abs=0.03)
    assert client.ask("Motor.PosGet", "I I", 0, 500, reply="d d d")[0] == pytest.approx(10e-6)
    assert client.ask("Motor.StepCounterGet", "I I I", 1, 0, 0, reply="i i i") == (100, 0, 0)
    assert client.ask("Motor.StepCounterGet", "I I I", 0, 0, 0, reply="i i i") == (0, 0, 0)
    assert "group 0" in client.error("Motor.StartMove", "I H I I", 0, 1, 3, 1)


def test_the_motor_takes_the_sample_away(lab: Any, landed: Any) -> None:
    landed.ask("ZCtrl.Withdraw", "I i", 1, -1)
    landed.ask("Motor.StartMove", "I H I I", 4, 200, 0, 1)
    landed.ask("ZCtrl.OnOffSet", "I", 1)
    for _ in range(150):
        status(landed)
    assert not tip(lab).in_contact


def test_drift_compensation_moves_the_piezo_under_a_still_position(lab: Any, client: Any) -> None:
    client.ask("Piezo.DriftCompSet", "i f f f f", 1, 10e-9, 0.0, 0.0, float("nan"))
    start = tip(lab).x
    for _ in range(60):
        status(client)
    assert tip(lab).x - start == pytest.approx(12e-9, abs=1.5e-9)
    assert position(client) == (0.0, 0.0)
    client.ask("Piezo.DriftCompSet", "i f f f f", -1, float("nan"), 5e-9, 0.0, 0.01)
    for _ in range(60):
        status(client)
    assert client.ask("Piezo.DriftCompGet", reply="I f f f I I I f")[4] == 1
    client.ask("Piezo.DriftCompSet", "i f f f", 0, 0.0, 0.0, 0.0)
    assert client.ask("Piezo.DriftCompGet", reply="I f f f I I I f")[0] == 0


def test_a_pulse_ends_by_itself(lab: Any, client: Any) -> None:
    client.ask("Bias.Set", "f", 0.5)
    start = now(lab)
    client.ask("Bias.Pulse", "I f f H H", 1, 0.05, 1.0, 0, 1)
    assert now(lab) - start == pytest.approx(0.051)
    assert client.ask("Bias.Get", reply="f") == (0.5,)
    client.ask("Bias.Pulse", "I f f H H", 0, 0.05, 1.0, 0, 0)
    assert client.ask("Bias.Get", reply="f") == (1.5,)
    client.ask("Bias.Pulse", "I f f H H", 0, 0.05, 1.0, 0, 2)
    assert client.ask("Bias.Get", reply="f") == (1.0,)


def test_the_bias_is_coerced_to_its_range_and_reaches_the_world(lab: Any, client: Any) -> None:
    client.ask("Bias.Set", "f", 50.0)
    assert client.ask("Bias.Get", reply="f") == (10.0,)
    client.ask("Bias.RangeSet", "H", 1)
    assert client.ask("Bias.Get", reply="f") == (1.0,)
    assert lab.call(lambda: lab.world.source_voltage("probe")) == 1.0
    client.ask("Bias.CalibrSet", "f f", 2.0, 0.0)
    assert lab.call(lambda: lab.world.source_voltage("probe")) == 0.5
    assert "2" in client.error("Bias.RangeSet", "H", 2)


def test_an_output_monitors_calculates_and_is_limited(client: Any) -> None:
    (names,) = client.ask("Signals.NamesGet", reply="as")
    output = names.index("Output 1 (V)")

    def value() -> float:
        return float(client.ask("Signals.ValGet", "i I", output, 1, reply="f")[0])

    client.ask("UserOut.LimitsSet", "i f f I", 1, 2.0, -2.0, 0)
    client.ask("UserOut.ValSet", "i f", 1, 5.0)
    assert value() == 2.0
    client.ask("Bias.Set", "f", 1.5)
    client.ask("UserOut.MonitorChSet", "i i", 1, 1)
    client.ask("UserOut.ModeSet", "i H", 1, 1)
    assert value() == 1.5
    client.ask("UserOut.CalcSignalConfigSet", "i H H H", 1, 1, 2, 1)
    client.ask("UserOut.ModeSet", "i H", 1, 2)
    assert value() == 0.0
    assert "User Output" in client.error("UserOut.ValSet", "i f", 1, 1.0)
    assert "9" in client.error("UserOut.ModeGet", "i", 9, reply="H")


def test_settings_are_kept_under_their_path(client: Any) -> None:
    client.ask("ZCtrl.TipLiftSet", "f", 5e-9)
    client.ask("Util.SettingsSave", "s I", "a.ini", 0)
    client.ask("ZCtrl.TipLiftSet", "f", 0.0)
    client.ask("Util.SettingsLoad", "s I", "a.ini", 0)
    assert client.ask("ZCtrl.TipLiftGet", reply="f")[0] == pytest.approx(5e-9)
    assert "b.ini" in client.error("Util.SettingsLoad", "s I", "b.ini", 0)
    client.ask("Util.SessionPathSet", "s I", "D:\\Data", 0)
    assert client.ask("Util.SessionPathGet", reply="s") == ("D:\\Data",)
