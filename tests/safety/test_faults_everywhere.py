"""The same faults in every other procedure: it ends, the bench is safe or that is said, and the run opens. `make test-slow`."""

import pytest

from nanoprobe.storage import open_run
from sim_instruments.faults.kinds import BOTH, KINDS

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]

OF_THE_TIP = (
    "chrono-growth",
    "galvano-growth",
    "heal",
    "mem-sweep",
    "endurance",
    "retention",
    "force-curve",
    "modulus-map",
    "drift-correct",
)
OF_THE_CELL = ("eis", "cyclic-voltammetry", "open-circuit")
CASES = [
    pytest.param(procedure, f"{instrument}:{kind.name}{at}", id=f"{instrument}:{kind.name}-{procedure}")
    for kind in KINDS.values()
    for instrument in kind.instruments
    for procedure, at in (
        [(name, "@command=120") for name in OF_THE_TIP]
        if instrument in BOTH
        else [(name, "@match=meas_loop") for name in OF_THE_CELL]
    )
]


@pytest.mark.parametrize(("procedure", "fault"), CASES)
def test_a_fault_ends_in_safety_and_a_run_that_opens(break_run, procedure, fault):
    run = break_run(procedure, fault)
    assert run.seconds < 60
    on = [what for what in run.unsafe if not what.startswith("tip")]
    assert on == [] or run.loud, f"{on} and nobody said so: {run.error}"
    if run.error is not None:
        assert type(run.error).__module__.startswith("nanoprobe."), repr(run.error)
        assert "\n" not in str(run.error)
    if run.outcome is not None:
        with open_run(run.outcome.path) as stored:
            assert stored.status == run.status
