"""What is concluded from the correlation of a prediction with measured triggers."""

from pathlib import Path

import numpy as np
import pytest

from nanoprobe.analysis.correlation import Correlation
from nanoprobe.analysis.estimate import Estimate, unknown
from nanoprobe.analysis.prediction import verdict
from nanoprobe.analysis.weakness import QUANTITY, Weakness
from nanoprobe.analysis.weakness_run import Prediction, store
from nanoprobe.cli.app import _status
from nanoprobe.storage import RunWriter, open_run
from tests.interchange.conftest import FRAME, header, write_points


def found(low: float, value: float, high: float) -> Correlation:
    rho = Estimate(value=value, low=low, high=high, unit="1", method="bootstrap")
    return Correlation(quantity=QUANTITY, rho=rho, points=40, p_value=0.01)


@pytest.mark.parametrize(
    ("correlation", "says"),
    [
        pytest.param(found(0.3, 0.5, 0.7), "0.50 (0.30 to 0.70), p = 0.01; the interval excludes 0", id="holds"),
        pytest.param(found(-0.2, 0.1, 0.4), "these points show no relation, which does not say", id="open"),
        pytest.param(
            found(-0.7, -0.5, -0.3), "runs against the predicted one: the prediction is refuted", id="refuted"
        ),
        pytest.param(
            Correlation(quantity=QUANTITY, rho=unknown("1", "bootstrap", "3 points"), points=3, p_value=float("nan")),
            "cannot be told: 3 points",
            id="too few",
        ),
        pytest.param(None, "ramp at the places it picks, then give it the trigger map", id="nothing measured"),
    ],
)
def test_the_verdict_says_what_follows_and_what_does_not(correlation: Correlation | None, says: str) -> None:
    assert says in " ".join(verdict(correlation))


@pytest.fixture
def few_triggers(tmp_path: Path) -> Path:
    with RunWriter.create(tmp_path / "triggers.zarr", header()) as writer:
        write_points(writer)
        writer.finish("finished")
    return tmp_path / "triggers.zarr"


@pytest.fixture
def stored(few_triggers: Path, tmp_path: Path) -> Path:
    """A prediction of 16 x 16 pixels, as it is stored."""
    maps = np.random.default_rng(0).uniform(1.0, 2.0, (4, 16, 16))
    weakness = Weakness(frame=FRAME, **dict(zip(("voltage", "electrons", "ions", "energy"), maps, strict=True)))
    with open_run(few_triggers) as run:
        store(Prediction(weakness, None, {}, {"map": "map.zarr"}), tmp_path / "stored.zarr", run, None)
    return tmp_path / "stored.zarr"


def test_places_for_which_there_is_no_room_and_triggers_too_few_are_told(
    few_triggers: Path,
    stored: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    picks, out = tmp_path / "p.csv", tmp_path / "out.zarr"
    given = ["--triggers", str(few_triggers), "--picks", str(picks), "--count", "50", "--apart", "1e-6"]
    monkeypatch.setattr("sys.argv", ["nanoprobe", "simulate", "weakness", str(stored), "--out", str(out), *given])
    assert _status() == 0
    said, err = capsys.readouterr()
    written = len(picks.read_text().splitlines()) - 1
    assert 0 < written < 50
    assert err == f"places: {picks} ({written} of 50; at this distance the map has room for no more)\n"
    reason = "measured triggers do not tell whether it holds: 2 points with both known; 5 are needed"
    assert said == f"predicted: {out}\n{reason}\n"
