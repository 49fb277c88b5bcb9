"""The bench panel on a simulated lab: limits beside everything that moves or biases, commands, refusals."""

from typing import Any

import pytest
from PyQt6.QtCore import Qt
from PyQt6.QtTest import QTest
from PyQt6.QtWidgets import QLabel

from gui.bench_panel import BenchPanel


@pytest.fixture
def panel(lab_panels: Any, shown: Any) -> BenchPanel:
    made: BenchPanel = shown(BenchPanel(lab_panels.bench))
    return made


def press(panel: BenchPanel, name: str) -> None:
    QTest.mouseClick(panel.command(name), Qt.MouseButton.LeftButton)


def texts(panel: BenchPanel) -> list[str]:
    return [label.text() for label in panel.findChildren(QLabel) if not label.isHidden()]


def test_without_a_bench_only_opening_one_is_possible(panels: Any, shown: Any) -> None:
    panel: BenchPanel = shown(BenchPanel(panels.bench))
    assert panel.name.text() == "Bench: no bench is open"
    assert panel.demo.isEnabled()
    assert not panel.close_bench.isEnabled()
    assert not panel.badge.isVisible()
    assert not any(
        panel.command(name).isEnabled() for name in ("Approach", "Withdraw", "Set bias", "Output off", "Move")
    )


def test_everything_that_moves_or_biases_shows_its_limit(panel: BenchPanel) -> None:
    limits = {name: panel.limits[f"{name} field"].text() for name in panel.fields}
    assert limits == {
        "force": "limit ±1 µN",
        "bias": "limit ±10 V",
        "compliance": "limit ±1 µA",
        "x": "limit ±10 µm",
        "y": "limit ±10 µm",
    }
    assert panel.limits["bias"].text() == "limit ±10 V"


def test_instruments_are_named_and_simulated_is_marked(panel: BenchPanel, lab_panels: Any) -> None:
    shown_texts = texts(panel)
    assert "AFM controller" in shown_texts
    assert any(text.startswith("KEITHLEY INSTRUMENTS,MODEL 2450") for text in shown_texts)
    assert panel.badge.isVisible()
    assert panel.name.text() == "simulated bare: open"


def test_numbers_come_by_themselves_with_units(panel: BenchPanel, lab_panels: Any) -> None:
    lab_panels.until(lambda: panel.contact.text() == "○ tip lifted, output off")
    assert panel.numbers["bias"].text() == "0 V"
    assert panel.numbers["x"].text().endswith("m")
    assert panel.numbers["force"].accessibleName().startswith("Force: ")


def test_the_tip_is_brought_down_and_taken_up_by_buttons(panel: BenchPanel, lab_panels: Any) -> None:
    press(panel, "Approach")
    assert panel.busy.text() == "approaching to 50 nN…"
    assert not panel.command("Withdraw").isEnabled()
    lab_panels.until(lambda: panel.contact.text() == "● tip in contact, output off")
    lab_panels.until(lambda: panel.command("Withdraw").isEnabled())
    press(panel, "Withdraw")
    lab_panels.until(lambda: panel.contact.text() == "○ tip lifted, output off")


def test_a_bias_by_hand_is_marked_in_words_until_it_is_taken_away(panel: BenchPanel, lab_panels: Any) -> None:
    panel.fields["bias"].setText("-0.1 V")
    press(panel, "Set bias")
    lab_panels.until(lambda: panel.contact.text().endswith("⚡ output on"))
    lab_panels.until(lambda: panel.command("Output off").isEnabled())
    press(panel, "Output off")
    lab_panels.until(lambda: panel.contact.text().endswith("output off"))


def test_a_value_beyond_its_limit_is_named_below_its_field_before_it_is_sent(
    panel: BenchPanel, lab_panels: Any
) -> None:
    panel.fields["bias"].setText("-20 V")
    assert panel.problems["bias"].text() == "⚠ Bias: -20 V is beyond the bench's limit of 10 V"
    press(panel, "Set bias")
    assert panel.refusal.text() == "⚠ Bias: -20 V is beyond the bench's limit of 10 V"
    panel.fields["bias"].setText("0 V")
    assert not panel.problems["bias"].isVisible()
    press(panel, "Output off")
    assert not panel.refusal.isVisible()


def test_while_a_run_goes_on_nothing_can_be_done_by_hand(panel: BenchPanel, lab_panels: Any) -> None:
    lab_panels.planned("trigger-map", nx="3", ny="3")
    lab_panels.experiment.enqueue()
    lab_panels.until(lambda: lab_panels.session.state.run is not None)
    assert panel.busy.text().startswith("runs: ")
    assert not any(panel.command(name).isEnabled() for name in ("Approach", "Withdraw", "Set bias", "Move"))
    assert not panel.close_bench.isEnabled()
    lab_panels.session.abort()
    lab_panels.ended()
    lab_panels.until(lambda: panel.command("Approach").isEnabled())


def test_a_latched_interlock_is_shown_with_its_cause_and_reset_on_purpose(panel: BenchPanel, lab_panels: Any) -> None:
    bench = lab_panels.session.bench
    bench.interlock.latch("force of 2 µN on the tip")
    lab_panels.session.ask(lambda bench: None)
    lab_panels.until(lambda: panel.trouble.isVisible())
    assert panel.trouble.text() == "⚠ interlock latched: force of 2 µN on the tip. Look at sample and tip"
    assert not panel.command("Approach").isEnabled()
    QTest.mouseClick(panel.reset, Qt.MouseButton.LeftButton)
    lab_panels.until(lambda: not panel.trouble.isVisible())
    assert panel.command("Approach").isEnabled()


def test_a_bench_that_cannot_be_opened_says_why(panels: Any, shown: Any, tmp_path: Any) -> None:
    panel: BenchPanel = shown(BenchPanel(panels.bench))
    panels.bench.open(str(tmp_path / "none.toml"), 1.0)
    panels.until(lambda: panel.trouble.isVisible())
    assert "no such file" in panel.trouble.text()
    assert panel.name.text().endswith("could not be opened")
    assert panel.demo.isEnabled()
