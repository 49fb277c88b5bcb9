from collections.abc import Callable
from typing import Any

import pytest

TAP = 0.02


def now(lab: Any) -> float:
    return float(lab.call(lambda: lab.timeline.now))


def test_there_are_128_named_signals_with_units(client: Any) -> None:
    (names,) = client.ask("Signals.NamesGet", reply="as")
    assert len(names) == len(set(names)) == 128
    assert names[:7] == ["Current (A)", "Bias (V)", "Z (m)", "X (m)", "Y (m)", "Deflection (V)", "Friction (V)"]


PUBLICATIONS = {"next": (0, 1), "newest": (1, 2)}


@pytest.mark.parametrize(("newest", "periods"), PUBLICATIONS.values(), ids=PUBLICATIONS)
def test_a_read_waits_for_its_publication(lab: Any, client: Any, newest: int, periods: int) -> None:
    client.ask("Signals.ValGet", "i I", 1, 0, reply="f")
    client.ask("Bias.Set", "f", 0.1)
    before = round((now(lab) - 1e-3) / TAP)
    client.ask("Signals.ValGet", "i I", 1, newest, reply="f")
    assert now(lab) == pytest.approx((before + periods) * TAP)


def test_only_the_newest_value_is_free_of_the_time_before_a_change(client: Any) -> None:
    client.ask("Signals.ValGet", "i I", 1, 1, reply="f")
    for _ in range(10):
        client.ask("Bias.Set", "f", 0.0)
    client.ask("Bias.Set", "f", 1.0)
    (stale,) = client.ask("Signals.ValGet", "i I", 1, 0, reply="f")
    (fresh,) = client.ask("Signals.ValGet", "i I", 1, 1, reply="f")
    assert stale == pytest.approx(0.5, abs=0.01)
    assert fresh == 1.0


def test_signals_read_together_are_of_one_publication(lab: Any, client: Any) -> None:
    start = now(lab)
    (values,) = client.ask("Signals.ValsGet", "ai I", [1, 2, 0], 0, reply="af")
    assert len(values) == 3
    assert now(lab) == pytest.approx(start + TAP)


def test_a_value_is_held_between_publications(client: Any) -> None:
    client.ask("Signals.ValGet", "i I", 0, 1, reply="f")
    held = client.ask("Current.Get", reply="f")
    assert client.ask("Current.Get", reply="f") == held
    client.ask("Signals.ValGet", "i I", 0, 1, reply="f")
    assert client.ask("Current.Get", reply="f") != held


def run(lab: Any, client: Any, onlooker: Any | None) -> tuple[list[Any], float]:
    seen = []
    for step in range(5):
        client.ask("Bias.Set", "f", 0.1 * step)
        if onlooker:
            onlooker.ask("Signals.ValsGet", "ai I", [0, 1, 5], 1, reply="af")
            onlooker.ask("Current.Get", reply="f")
            onlooker.ask("ZCtrl.StatusGet", reply="H")
        seen.append(client.ask("Signals.ValsGet", "ai I", [0, 1, 2, 5], 1, reply="af"))
        seen.append(client.ask("Current.Get", reply="f"))
    return seen, now(lab)


def test_a_second_client_that_looks_on_changes_no_data(
    lab_starter: Callable[..., Any], connect: Callable[..., Any]
) -> None:
    alone, watched = lab_starter(), lab_starter()
    expected = run(alone, connect(of=alone), None)
    assert run(watched, connect(of=watched), connect(1, of=watched)) == expected


def test_the_acquisition_period_is_coerced_to_real_time_cycles(lab: Any, client: Any) -> None:
    client.ask("Util.AcqPeriodSet", "f", 0.01012)
    assert client.ask("Util.AcqPeriodGet", reply="f")[0] == pytest.approx(0.01)
    client.ask("Signals.ValGet", "i I", 1, 1, reply="f")
    start = now(lab)
    client.ask("Signals.ValGet", "i I", 1, 0, reply="f")
    assert now(lab) == pytest.approx(start + 0.01)


def test_the_current_overloads_at_ten_volts_over_the_gain(lab: Any, landed: Any) -> None:
    lab.call(lambda: lab.world.set_source("source_meter", 0.0))
    gains, index, filters, _ = landed.ask("Current.GainsGet", reply="as i as i")
    assert gains[index] == "10^9 V/A"
    assert len(filters) > 1
    assert landed.ask("Signals.RangeGet", "i", 0, reply="f f") == pytest.approx((1e-8, -1e-8))
    landed.ask("Current.GainSet", "i i", 0, -1)
    assert landed.ask("Signals.RangeGet", "i", 0, reply="f f") == pytest.approx((1e-5, -1e-5))
    assert landed.ask("Current.GainsGet", reply="as i as i")[3] == 0
    assert "9" in landed.error("Current.GainSet", "i i", 9, -1)


def test_a_higher_gain_reads_with_less_noise(client: Any) -> None:
    def spread() -> float:
        values = [client.ask("Signals.ValGet", "i I", 0, 0, reply="f")[0] for _ in range(20)]
        return float(max(values) - min(values))

    client.ask("Bias.Set", "f", 0.0)
    quiet = spread()
    client.ask("Current.GainSet", "i i", 0, -1)
    assert spread() > 5 * quiet
