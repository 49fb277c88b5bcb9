"""One instrument replayed, the others simulated."""

import pytest

from nanoprobe.errors import BadInput


def test_the_source_meter_is_replayed_among_a_simulated_rest(recorded, replayed, lab_starter):
    from sim_instruments.nanonis.controller import ControllerSettings

    lab = lab_starter(controller=ControllerSettings(coarse_gap=2e-6))
    result = replayed(recorded("trigger-ramp"), bench=str(lab.bench_file), instruments=("source_meter",))
    assert result.wire is None, str(result.wire)
    assert result.same
    assert result.status == "finished"
    assert lab.lab.commands("probe") > 20
    assert lab.lab.commands("source_meter") == 0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"instruments": ("probes",), "bench": "demo"}, "the run has no instrument 'probes'; did you mean 'probe'?"),
        ({"instruments": ("probe",)}, "name the bench of the others with --bench"),
        ({"bench": "demo"}, "say which instruments are replayed"),
    ],
)
def test_a_partial_replay_that_makes_no_sense_is_refused(recorded, replayed, options, message):
    with pytest.raises(BadInput, match=message):
        replayed(recorded("trigger-ramp"), **options)
