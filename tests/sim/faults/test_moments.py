"""When a fault happens, how often, and that it happens again."""

import pytest

from sim_instruments.faults import BadFault, parse_fault


def inject(lab, spec: str) -> None:
    lab.call(lambda: lab.lab.inject(spec))


def errors(meter) -> int:
    return int(meter.ask(":SYST:ERR:COUN?"))


def test_it_comes_with_the_command_that_was_chosen(lab, connect):
    inject(lab, "source_meter:error@command=3")
    meter = connect(lab, "source_meter")
    assert [errors(meter) for _ in range(4)] == [0, 0, 1, 1]


def test_commands_are_counted_over_all_connections(lab, connect):
    inject(lab, "source_meter:error@command=3")
    one, other = connect(lab, "source_meter"), connect(lab, "source_meter")
    assert [errors(one), errors(other), errors(one)] == [0, 0, 1]
    assert lab.call(lambda: lab.lab.commands("source_meter")) == 3


def test_it_comes_with_a_command_that_holds_the_text(lab, connect):
    inject(lab, "source_meter:error=-221@match=sour:volt")
    meter = connect(lab, "source_meter")
    assert errors(meter) == 0
    meter.send(":SOUR:VOLT 1")
    assert meter.ask(":SYST:ERR?").startswith('-221,"Settings conflict')


def test_it_comes_at_its_simulated_time(lab, connect):
    inject(lab, "source_meter:wrong-model@time=2")
    meter = connect(lab, "source_meter")
    assert "2450" in meter.ask("*IDN?")
    lab.call(lambda: lab.lab.timeline.advance(3.0))
    assert "2400" in meter.ask("*IDN?")


def test_it_acts_so_often(lab, connect):
    inject(lab, "source_meter:error@command=2,for=3")
    meter = connect(lab, "source_meter")
    assert [errors(meter) for _ in range(6)] == [0, 1, 2, 3, 3, 3]


def test_it_ends_when_it_is_over(lab, connect):
    inject(lab, "source_meter:wrong-model,for=2")
    meter = connect(lab, "source_meter")
    assert ["2450" in meter.ask("*IDN?") for _ in range(3)] == [False, True, True]  # the first was the injection itself


def test_settings_of_a_lab_hold_its_faults(lab_starter, connect):
    lab = lab_starter(faults=(parse_fault("source_meter:wrong-language"),))
    assert connect(lab, "source_meter").ask("*LANG?") == "TSP"


def test_nonsense_is_refused_by_the_lab(lab):
    with pytest.raises(BadFault, match="no kind"):
        lab.lab.inject("probe:melt")
