"""The table of a map, and quantiles with censored points."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nanoprobe.analysis.levelling import level_lines, level_plane
from nanoprobe.analysis.sites import Site
from nanoprobe.analysis.summary import PointVerdicts, summarise
from nanoprobe.analysis.survival import Quantile, quantiles
from nanoprobe.errors import BadInput
from nanoprobe.records import PointState

NAN = float("nan")
DONE, FAILED, CUT, PLANNED = PointState.DONE, PointState.FAILED, PointState.INTERRUPTED, PointState.PLANNED


def verdicts(rows):
    state, below, above, censored = (np.array(column, dtype=float) for column in zip(*rows, strict=True))
    triggered = np.isfinite(below).astype(float)
    return PointVerdicts(
        state=state.astype(int), triggered=triggered, last_below=below, first_above=above, censored_at=censored
    )


POINTS = verdicts(
    [
        (DONE, -1.99, -2.01, NAN),
        (DONE, -2.39, -2.41, NAN),
        (DONE, -2.99, -3.01, NAN),
        (DONE, NAN, NAN, -6.0),
        (DONE, NAN, NAN, -6.0),
        (DONE, NAN, NAN, -6.0),
        (FAILED, NAN, NAN, NAN),
        (CUT, NAN, NAN, NAN),
        (PLANNED, NAN, NAN, NAN),
    ]
)
KINDS = [1, 1, 1, 0, 0, 0, 0, 1, 0]


def test_rows_count_what_happened_by_site():
    rows = {row.site: row for row in summarise(POINTS, KINDS)}
    assert list(rows) == ["interior", "boundary", "all"]
    assert rows["boundary"].cells() == ("boundary", "4", "3", "0", "0 (+1 unfinished)", "2.4 V", "2 V to 3 V")
    assert rows["interior"].cells() == ("interior", "4", "0", "3", "1", ">6 V", "-")
    total = rows["all"]
    assert (total.points, total.triggered, total.censored, total.failed, total.unfinished) == (8, 3, 3, 1, 1)


def test_map_without_sites_has_one_row():
    assert [row.site for row in summarise(POINTS)] == ["all"]


def test_map_without_points_has_an_empty_row():
    (row,) = summarise(verdicts([(PLANNED, NAN, NAN, NAN)]))
    assert row.cells() == ("all", "0", "0", "0", "0", "-", "-")


@pytest.mark.parametrize("kind", list(Site), ids=lambda k: k.label)
def test_every_kind_has_its_row(kind):
    assert kind.label in {row.site for row in summarise(POINTS, [kind] * 9)}


@pytest.mark.parametrize(
    ("values", "observed", "expected"),
    [
        ([1, 2, 3, 4, 5], [1] * 5, Quantile(3.0)),
        ([1, 2, 3, 4], [1] * 4, Quantile(2.5)),
        # Freireich 1963, 6-MP arm: the median remission is 23 weeks.
        ([6, 6, 6, 6, 7, 9, 10, 10, 11, 13, 16, 17, 19, 20, 22, 23, 25, 32, 32, 34, 35],
         [1, 1, 1, 0, 1, 0, 1, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0], Quantile(23.0)),
        ([6, 6, 2], [0, 0, 1], Quantile(6.0, beyond=True)),
        ([6], [0], Quantile(6.0, beyond=True)),
    ],
    ids=["odd", "even", "Freireich", "censored", "one censored"],
)  # fmt: skip
def test_median_with_censoring(values, observed, expected):
    assert quantiles(values, observed, 0.5) == (expected,)


@given(st.lists(st.floats(0.5, 10), min_size=1, max_size=30))
def test_median_without_censoring_is_the_plain_one(values):
    (median,) = quantiles(values, [True] * len(values), 0.5)
    assert median.value == pytest.approx(np.median(values))


def test_plane_and_line_jumps_are_taken_out():
    y, x = np.mgrid[0:30, 0:40].astype(float)
    feature = np.where((x - 20) ** 2 + (y - 15) ** 2 < 9, 1.0, 0.0)
    tilted = feature + 3 * x - 2 * y + 7
    tilted[3, 4] = NAN
    levelled = level_plane(tilted)
    assert np.isnan(levelled[3, 4])
    assert np.nanmax(np.abs(levelled - feature)) < 0.1
    jumps = np.random.default_rng(0).normal(size=(30, 1))
    np.testing.assert_allclose(level_lines(feature + jumps), feature, atol=1e-12)
    assert np.isnan(level_lines(np.full((2, 3), NAN))).all()


def test_image_of_two_directions_is_refused():
    with pytest.raises(BadInput, match=r"two dimensions \(y, x\), not shape \(2, 3, 4\)"):
        level_plane(np.zeros((2, 3, 4)))
