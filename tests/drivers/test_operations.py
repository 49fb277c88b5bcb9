"""Which operation each command is: what moves or biases must never pass for a question."""

import pytest

from drivers.operations import nanonis_operation, scpi_operation
from nanoprobe.retry import Operation
from sim_instruments.nanonis.registry import Cost


@pytest.mark.parametrize(
    ("line", "operation"),
    [
        ("*IDN?", Operation.READ),
        (':TRIG:STAT?;:TRAC:ACT? "nanoprobe";:OUTP?', Operation.READ),
        (":SYST:ERR?", Operation.TAKE),
        (':READ? "defbuffer1",SOUR,READ', Operation.TAKE),
        (':SOUR:VOLT:DEL 0.01;:SOUR:VOLT -1;:READ? "defbuffer1",SOUR,READ,REL', Operation.BIAS),
        (":OUTP ON", Operation.BIAS),
        (":OUTP ON;:OUTP?", Operation.BIAS),
        (':TRAC:CLE "nanoprobe";:INIT', Operation.BIAS),
        (":SENS:CURR:NPLC 1", Operation.SET),
        ("anything at all", Operation.SET),
        (":NEW:COMMAND?", Operation.TAKE),
    ],
)
def test_lines_of_scpi(line, operation):
    assert scpi_operation(line) is operation


@pytest.mark.parametrize(
    ("command", "operation"),
    [
        ("Signals.ValsGet", Operation.READ),
        ("Scan.FrameDataGrab", Operation.READ),
        ("Bias.Get", Operation.READ),
        ("Bias.Set", Operation.BIAS),
        ("Bias.Pulse", Operation.BIAS),
        ("BiasSpectr.Start", Operation.BIAS),
        ("BiasSpectr.Stop", Operation.SET),
        ("FolMe.XYPosSet", Operation.MOVE),
        ("Scan.Action", Operation.MOVE),
        ("ZCtrl.OnOffSet", Operation.MOVE),
        ("AutoApproach.OnOffSet", Operation.MOVE),
        ("AutoApproach.OnOffGet", Operation.READ),
        ("Scan.WaitEndOfLine", Operation.TAKE),
        ("Some.New", Operation.SET),
    ],
)
def test_commands_of_the_nanonis_protocol(command, operation):
    assert nanonis_operation(command) is operation


def test_no_command_that_changes_the_controller_is_taken_for_a_question(lab):
    for handler in lab.lab.controller.handlers.values():
        if handler.command.cost is Cost.SET:
            assert nanonis_operation(handler.command.name) is not Operation.READ, handler.command.name
