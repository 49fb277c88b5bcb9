"""The order of the safe state, with instruments reduced to what they were told (the real ones: tests/safety)."""

import pytest

from nanoprobe.safe_state import make_safe
from nanoprobe.wiring import Source, Wiring


class Told:
    """An instrument that notes its orders and fails those it is told to fail."""

    def __init__(self, log: list[str], fails: str = "") -> None:
        self._log, self._fails = log, fails

    def _do(self, name: str) -> None:
        self._log.append(name)
        if name == self._fails:
            raise OSError("cable pulled")

    def off(self) -> None:
        self._do("off")

    def confirm_off(self) -> None:
        self._do("off?")

    def safe_bias(self) -> None:
        self._do("bias 0")

    def stop(self) -> None:
        self._do("stop")

    def safe_withdraw(self) -> None:
        self._do("withdraw")


@pytest.mark.parametrize(
    ("source", "order"),
    [
        (Source.SOURCE_METER, ["off", "bias 0", "off?", "stop", "withdraw"]),
        (Source.PROBE, ["bias 0", "off", "off?", "stop", "withdraw"]),
    ],
)
def test_the_wired_source_goes_off_before_anything_else(source: Source, order: list[str]) -> None:
    log: list[str] = []
    report = make_safe("test", Wiring(bias_source=source), Told(log), Told(log))  # type: ignore[arg-type]
    assert log == order
    assert report.safe


@pytest.mark.parametrize("failing", ["off", "bias 0", "off?", "stop", "withdraw"])
def test_every_step_is_tried_whatever_the_one_before_did_and_the_failure_is_said(failing: str) -> None:
    log: list[str] = []
    report = make_safe("test", Wiring(), Told(log, failing), Told(log, failing))  # type: ignore[arg-type]
    assert log == ["off", "bias 0", "off?", "stop", "withdraw"]
    assert not report.safe
    assert "FAILED: OSError: cable pulled" in str(report)
    assert "Switch the instrument off by hand" in str(report)
