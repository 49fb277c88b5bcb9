"""Short runs on a simulated lab whose bench file asks for a recording."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nanoprobe.engine import execute
from nanoprobe.outcome import Outcome
from nanoprobe.plan import Plan
from sim_instruments.nanonis.controller import ControllerSettings

NEAR = ControllerSettings(coarse_gap=2e-6)
"""The sample is within reach of the piezo: no long approach."""
PLANS: dict[str, dict[str, Any]] = {
    "contact-check": {"dwell": 0.02},
    "trigger-ramp": {"stop_bias": -3.0, "rate": 2.0},
}


@pytest.fixture
def recorded(lab_starter: Callable[..., Any], tmp_path: Path) -> Callable[..., Outcome]:
    """Run a procedure on a lab of its own."""

    def run(procedure: str = "trigger-ramp", out: str = "run.zarr", **options: Any) -> Outcome:
        lab = lab_starter(controller=NEAR, **options)
        plan = Plan(procedure=procedure, bench=str(lab.bench_file), parameters=PLANS[procedure])
        outcome = execute(plan, tmp_path / out)
        assert outcome.status == "finished", outcome.error
        return outcome

    return run
