"""Every command SPECS' own client knows of the core modules, called as a script would."""

import socket
from collections.abc import Iterator
from typing import Any

import nanonis_spm
import pytest

N = float("nan")
CALLS: list[tuple[str, tuple[Any, ...], Any]] = [
    ("Util_SessionPathGet", (), [18, r"C:\Nanonis\Session"]),
    ("Util_SettingsSave", ("a.ini", 0), []),
    ("Util_SettingsLoad", ("a.ini", 0), []),
    ("Util_LayoutSave", ("a.ini", 1), []),
    ("Util_LayoutLoad", ("", 1), []),
    ("Util_Lock", (), []),
    ("Util_UnLock", (), []),
    ("Util_RTFreqSet", (9000.0,), []),
    ("Util_RTFreqGet", (), [10000.0]),
    ("Util_AcqPeriodSet", (0.01,), []),
    ("Util_AcqPeriodGet", (), [0.01]),
    ("Util_RTOversamplSet", (20,), []),
    ("Util_RTOversamplGet", (), [20]),
    ("Bias_Set", (0.5,), []),
    ("Bias_Get", (), [0.5]),
    ("Bias_RangeSet", (0,), []),
    ("Bias_CalibrSet", (1.0, 0.0), []),
    ("Bias_CalibrGet", (), [1.0, 0.0]),
    ("Bias_Pulse", (1, 0.01, 1.0, 1, 2), []),
    ("Current_Get", (), None),
    ("Current_100Get", (), None),
    ("Current_BEEMGet", (), [0.0]),
    ("Current_GainSet", (2, 1), []),
    ("Current_GainsGet", (), None),
    ("Current_CalibrSet", (-1, 2e-8, 1e-12), []),
    ("Current_CalibrGet", (-1,), [2e-8, 1e-12]),
    ("Signals_NamesGet", (), None),
    ("Signals_CalibrGet", (1,), [1.0, 0.0]),
    ("Signals_RangeGet", (1,), [10.0, -10.0]),
    ("Signals_ValGet", (1, 1), [0.5]),
    ("Signals_ValsGet", ([1, 2], 0), None),
    ("Signals_MeasNamesGet", (), None),
    ("Signals_AddRTSet", (1, 2), []),
    ("Signals_AddRTGet", (), None),
    ("ZCtrl_ZPosSet", (1e-7,), []),
    ("ZCtrl_ZPosGet", (), None),
    ("ZCtrl_SetpntSet", (0.05,), []),
    ("ZCtrl_SetpntGet", (), [0.05]),
    ("ZCtrl_GainSet", (1e-9, 1e-3, N), []),
    ("ZCtrl_GainGet", (), [1e-9, 1e-3, 1e-6]),
    ("ZCtrl_SwitchOffDelaySet", (0.1,), []),
    ("ZCtrl_SwitchOffDelayGet", (), [0.1]),
    ("ZCtrl_TipLiftSet", (1e-8,), []),
    ("ZCtrl_TipLiftGet", (), [1e-8]),
    ("ZCtrl_HomePropsSet", (1, 2e-7), []),
    ("ZCtrl_HomePropsGet", (), [0, 2e-7]),
    ("ZCtrl_Home", (), []),
    ("ZCtrl_ActiveCtrlSet", (0,), []),
    ("ZCtrl_CtrlListGet", (), None),
    ("ZCtrl_OnOffSet", (1,), []),
    ("ZCtrl_OnOffGet", (), [1]),
    ("ZCtrl_StatusGet", (), [2]),
    ("ZCtrl_WithdrawRateSet", (5e-6,), []),
    ("ZCtrl_WithdrawRateGet", (), [5e-6]),
    ("ZCtrl_Withdraw", (1, 5000), []),
    ("ZCtrl_LimitsEnabledSet", (1,), []),
    ("ZCtrl_LimitsEnabledGet", (), [1]),
    ("ZCtrl_LimitsSet", (1e-6, -1e-6), []),
    ("ZCtrl_LimitsGet", (), [1e-6, -1e-6]),
    ("SafeTip_PropsSet", (1, 2, 2e-9), []),
    ("SafeTip_PropsGet", (), [1, 0, 2e-9]),
    ("SafeTip_OnOffSet", (1,), []),
    ("SafeTip_OnOffGet", (), [1]),
    ("SafeTip_SignalGet", (), None),
    ("FolMe_SpeedSet", (1e-6, 1), []),
    ("FolMe_SpeedGet", (), [1e-6, 1]),
    ("FolMe_OversamplSet", (20,), []),
    ("FolMe_OversamplGet", (), [20, 100.0]),
    ("FolMe_XYPosSet", (1e-7, -1e-7, 1), []),
    ("FolMe_XYPosGet", (1,), [1e-7, -1e-7]),
    ("FolMe_Stop", (), []),
    ("FolMe_PSOnOffSet", (1,), []),
    ("FolMe_PSOnOffGet", (), [1]),
    ("FolMe_PSExpSet", (1,), []),
    ("FolMe_PSExpGet", (), None),
    ("FolMe_PSPropsSet", (2, 0, "base", "path.vi", 0.5), []),
    ("FolMe_PSPropsGet", (), [0, 1, 4, "base", 7, "path.vi", 0.5]),
    ("TipRec_DataGet", (), None),
    ("TipRec_DataSave", (1, "moves"), []),
    ("TipRec_BufferSizeSet", (100,), []),
    ("TipRec_BufferSizeGet", (), [100]),
    ("TipRec_BufferClear", (), []),
    ("Piezo_TiltSet", (1.0, -1.0), []),
    ("Piezo_TiltGet", (), [1.0, -1.0]),
    ("Piezo_RangeSet", (10e-6, 1.0, 4e-6), []),
    ("Piezo_RangeGet", (), [10e-6, 20e-6, 4e-6]),
    ("Piezo_SensSet", (5e-8, 5e-8, 1e-8), []),
    ("Piezo_SensGet", (), [5e-8, 5e-8, 1e-8]),
    ("Piezo_CalibrGet", (), [7.5e-7, 7.5e-7, 1.5e-7]),
    ("Piezo_DriftCompSet", (1, 1e-10, 0.0, 0.0, 20.0), []),
    ("Piezo_DriftCompGet", (), [1, 1e-10, 0.0, 0.0, 0, 0, 0, 20.0]),
    ("Piezo_HVAInfoGet", (), [1.0, 15.0, 15.0, 15.0, 1, 1, 0]),
    ("Piezo_HVAStatusLEDGet", (), [0, 1, 0, 1]),
    ("Piezo_XYZLimitsSet", (1, -5.0, 5.0, -5.0, 5.0, -10.0, 10.0), []),
    ("Piezo_XYZLimitsGet", (), [1, -5.0, 5.0, -5.0, 5.0, -10.0, 10.0]),
    ("Piezo_HystOnOffSet", (1,), []),
    ("Piezo_HystOnOffGet", (), [1]),
    ("Piezo_HystValsSet", (1, [1.0], 1, [2.0], 1, [3.0], 1, [4.0]), []),
    ("Piezo_HystValsGet", (), None),
    ("Piezo_HystFileSave", ("h.csv",), []),
    ("Piezo_HystFileLoad", ("h.csv",), []),
    ("Motor_FreqAmpSet", (500.0, 25.0, 1), []),
    ("Motor_FreqAmpGet", (1,), [500.0, 25.0]),
    ("Motor_StartMove", (0, 10, 0, 1), []),
    ("Motor_StepCounterGet", (1, 1, 1), [10, 0, 0]),
    ("Motor_PosGet", (0, 500), None),
    ("Motor_StartClosedLoop", (0, 1e-6, 0.0, 0.0, 1, 0), []),
    ("Motor_StopMove", (), []),
    ("UserOut_ModeSet", (2, 0), []),
    ("UserOut_ModeGet", (2,), [0]),
    ("UserOut_ValSet", (2, 1.0), []),
    ("UserOut_MonitorChSet", (2, 1), []),
    ("UserOut_MonitorChGet", (2,), [1]),
    ("UserOut_CalibrSet", (2, 2.0, 0.0), []),
    ("UserOut_LimitsSet", (2, 3.0, -3.0, 0), []),
    ("UserOut_LimitsGet", (2, 0), [3.0, -3.0]),
    ("UserOut_CalcSignalNameSet", (2, "sum"), []),
    ("UserOut_CalcSignalNameGet", (2,), [3, "sum"]),
    ("UserOut_CalcSignalConfigSet", (2, 1, 1, 2), []),
    ("UserOut_CalcSignalConfigGet", (2,), [1, 1, 2]),
    ("AutoApproach_Open", (), []),
    ("AutoApproach_OnOffSet", (1,), []),
    ("AutoApproach_OnOffGet", (), [1]),
    ("Bias_RangeGet", (), None),
    ("Util_Quit", (1, "", "", 0), []),
]
BROKEN = {"Util_VersionGet"}
"""Calls that fail inside the client itself, whatever the instrument answers."""
PREFIXES = ("Util_", "Bias_", "Current_", "Signals_", "ZCtrl_", "SafeTip_", "FolMe_", "TipRec_", "Piezo_", "Motor_",
            "UserOut_", "AutoApproach_")  # fmt: skip


@pytest.fixture
def specs(lab: Any) -> Iterator[nanonis_spm.Nanonis]:
    connection = socket.create_connection(("127.0.0.1", lab.listeners[0].port), timeout=20)
    yield nanonis_spm.Nanonis(connection)
    connection.close()


def test_every_command_of_the_core_modules_is_in_the_list() -> None:
    known = {name for name in dir(nanonis_spm.Nanonis) if name.startswith(PREFIXES)}
    assert known - BROKEN == {name for name, _, _ in CALLS}


def test_specs_own_client_gets_along_with_every_command(specs: nanonis_spm.Nanonis) -> None:
    for name, arguments, expected in CALLS:
        error, _, values = getattr(specs, name)(*arguments)
        assert error == "", f"{name}: {error}"
        if expected is not None:
            flat = [value if isinstance(value, str) else pytest.approx(value, rel=1e-6) for value in expected]
            assert list(values) == flat, name
