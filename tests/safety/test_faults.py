"""Every fault at the worst moment of every procedure: the run ends, the bench is safe or that is said, the run opens."""

import logging

import pytest

from nanoprobe.errors import InstrumentError, Unreachable
from nanoprobe.storage import open_run
from sim_instruments.faults.kinds import BOTH, KINDS

PROCEDURES = ("current-map", "trigger-map")
LONG = ("contact-check", "trigger-ramp")
"""Parts of a trigger map."""
HALFWAY = frozenset({"motion-short"})
"""Needs moves. All others come just after the bias has left 0."""
AT_THE_START = frozenset({"wrong-model", "scan-stopped"})
"""Of who is asked once, and of the first scan."""
WITHOUT_MOTION = {
    (kind, procedure) for kind in ("motion-short", "scan-stopped") for procedure in ("contact-check", "trigger-ramp")
}
"""There nothing is scanned, and all moves may lie before the halfway."""
UNREACHABLE = frozenset({"refuse", "close-at-once", "wrong-language"})
"""After these nothing can be made safe; that must be said."""
HARMLESS = frozenset({"delay", "one-byte"})
NAMED = {"source_meter": "Keithley 2450", "probe": "Nanonis"}
OF_THE_TIP = ("tip", "current map", "Z controller", "preamp")
"""What a message names where the instrument itself is well."""

CASES = [
    pytest.param(
        procedure,
        instrument,
        kind.name,
        id=f"{instrument}:{kind.name}-{procedure}",
        marks=pytest.mark.slow if procedure in LONG else (),
    )
    for kind in KINDS.values()
    for instrument in kind.instruments
    if instrument in BOTH
    for procedure in (*PROCEDURES, *LONG)
]


def spec_of(instrument, kind, moments) -> str:
    if kind in AT_THE_START:
        return f"{instrument}:{kind}"
    value = "=0.1" if kind == "delay" else ""
    return f"{instrument}:{kind}{value}@command={(moments.halfway if kind in HALFWAY else moments.biased) + 1}"


@pytest.mark.parametrize(("procedure", "instrument", "kind"), CASES)
def test_a_fault_ends_in_safety_with_a_clear_word_and_a_run_that_opens(break_run, moments, procedure, instrument, kind):
    run = break_run(procedure, spec_of(instrument, kind, moments(procedure, instrument)))
    assert run.seconds < 20
    assert run.happened or (kind, procedure) in WITHOUT_MOTION
    check_safety(run, kind)
    check_words(run, instrument)
    check_storage(run)
    if kind in HARMLESS:
        assert run.status == "finished"
    if kind == "wrong-model":
        assert isinstance(run.error, Unreachable)


def check_safety(run, kind) -> None:
    biased = [what for what in run.unsafe if not what.startswith("tip")]
    if kind in UNREACHABLE and run.unsafe and run.status != "finished":
        assert run.loud, f"{run.unsafe} and nobody said so: {run.error}"
        return
    assert biased == []
    if run.status != "finished":
        assert run.unsafe == []
        assert not run.loud or kind in UNREACHABLE


def check_words(run, instrument) -> None:
    if run.error is not None:
        text = str(run.error)
        assert NAMED[instrument] in text or any(word in text for word in OF_THE_TIP), text
        assert isinstance(run.error, Exception)
        assert type(run.error).__module__.startswith("nanoprobe."), repr(run.error)


def check_storage(run) -> None:
    if run.outcome is None:
        return
    with open_run(run.outcome.path) as stored:
        assert stored.status == run.status
        if run.loud:
            assert any("FAILED" in note for note in stored.notes)


BIASED_BY_CONTROLLER = [
    kind.name for kind in KINDS.values() if "probe" in kind.instruments and kind.name != "wrong-model"
]


@pytest.mark.parametrize("kind", BIASED_BY_CONTROLLER)
def test_a_bench_biased_by_the_controller_is_made_safe_too(break_run, kind):
    run = break_run("trigger-ramp", f"probe:{kind}@match=BiasSpectr.Start", bias_source="probe")
    check_safety(run, kind)
    check_words(run, "probe")
    check_storage(run)


# --- what the drivers make of single faults


@pytest.mark.parametrize("instrument", ["source_meter", "probe"])
@pytest.mark.parametrize(
    "kind", ["refuse", "close-at-once", "hang,for=0", "garbage,for=0", "truncated-frame,for=0", "wrong-model"]
)
def test_a_run_is_refused_where_an_instrument_is_not_there_or_not_what_it_should_be(
    break_run, instrument, kind, tmp_path
):
    run = break_run("trigger-ramp", f"{instrument}:{kind}")
    assert run.status == "refused"
    assert isinstance(run.error, Unreachable | InstrumentError)
    assert NAMED[instrument] in str(run.error)
    assert run.unsafe == []
    assert not (tmp_path / "run.zarr").exists()


def test_another_command_set_is_refused_with_what_to_do(break_run):
    run = break_run("trigger-ramp", "source_meter:wrong-language")
    assert isinstance(run.error, Unreachable)
    assert "speaks TSP, not SCPI; choose MENU" in str(run.error)


def test_a_source_meter_that_does_not_answer_any_more_while_it_biases_is_called_possibly_on(break_run, moments):
    run = break_run(
        "current-map", f"source_meter:hang@command={moments('current-map', 'source_meter').biased + 1},for=0"
    )
    assert run.unsafe == ["output of source_meter: True", "bias of source_meter: True"]
    assert run.loud
    assert "source-meter output confirmed off FAILED" in str(run.reports[0])
    with open_run(run.outcome.path) as stored:
        assert any("Switch the instrument off by hand" in note for note in stored.notes)


def test_a_connection_that_hangs_once_costs_a_repeated_question_and_the_run_goes_on(break_run, caplog):
    with caplog.at_level(logging.WARNING):
        run = break_run("trigger-ramp", "source_meter:hang@match=:TRIG:STAT?")
    assert run.status == "finished"
    assert any("repetition 1 of 1" in record.message and ":TRIG:STAT?" in record.message for record in caplog.records)


def test_a_command_that_biases_is_never_sent_twice(break_run, lab_starter):
    run = break_run("current-map", "source_meter:truncated-frame@match=:OUTP ON")
    assert run.status == "failed"
    assert run.unsafe == []


def test_an_error_queue_that_never_empties_ends_the_run(break_run):
    run = break_run("trigger-ramp", "source_meter:error@command=30,for=0")
    assert run.status == "failed"
    assert "Keithley 2450 refuses: -310" in str(run.error)
    assert run.seconds < 10


def test_a_reply_that_came_twice_is_not_taken_for_the_next_answer(break_run):
    run = break_run("trigger-map", "source_meter:doubled-reply@command=40,for=20")
    assert (run.status, run.error) == ("finished", None)
