"""Short recorded runs, made once a test process, and replays of them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nanoprobe.engine import execute
from nanoprobe.plan import Plan
from nanoprobe.replay import Replayed, replay
from sim_instruments.nanonis.controller import ControllerSettings

NEAR = ControllerSettings(coarse_gap=2e-6)
"""The sample is within reach of the piezo: no long approach."""
PLANS: dict[str, dict[str, Any]] = {
    "trigger-ramp": {"stop_bias": -3.0, "rate": 2.0},
    "current-map": {"pixels": 16, "size": 1e-6, "line_rate": 20.0},
    "trigger-map": {
        "nx": 2,
        "ny": 1,
        "stop_bias": -3.0,
        "rate": 2.0,
        "image_every": 2,
        "image_pixels": 16,
        "image_size": 1e-6,
        "image_line_rate": 20.0,
        "min_confidence": 0.0,
        "check_every": 2,
        "check_dwell": 0.02,
    },
}
_RUNS: dict[str, Path] = {}


@pytest.fixture
def recorded(
    lab_starter: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Callable[..., Path]:
    """Return the path of a recorded run of a procedure; like runs are made once."""

    def find(procedure: str, status: str = "finished", **options: Any) -> Path:
        key = f"{procedure} {status} {options}"
        if key not in _RUNS:
            lab = lab_starter(controller=NEAR, **options)
            out = tmp_path_factory.mktemp("recorded") / "run.zarr"
            outcome = execute(
                Plan(
                    procedure=procedure, bench=str(lab.bench_file), parameters=PLANS[procedure], operator="E. Noether"
                ),
                out,
            )
            assert outcome.status == status, outcome.error
            _RUNS[key] = out
        return _RUNS[key]

    return find


@pytest.fixture
def replayed(tmp_path: Path) -> Callable[..., Replayed]:
    """Replay a run into a new one."""
    return lambda path, **options: replay(path, tmp_path / "replay.zarr", **options)
