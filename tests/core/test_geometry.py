import numpy as np
import pytest

from nanoprobe.geometry import Frame, Order, grid, visiting_order


def test_a_grid_lies_on_cell_centres_row_by_row() -> None:
    points = grid(Frame(x=1e-6, y=0.0, width=4e-6, height=2e-6), 2, 1)
    np.testing.assert_allclose(points, [[0.0, 0.0], [2e-6, 0.0]], atol=1e-18)


def test_a_turned_frame_turns_its_grid_counter_clockwise() -> None:
    points = grid(Frame(x=0.0, y=0.0, width=4e-6, height=1e-6, angle=np.pi / 2), 2, 1)
    np.testing.assert_allclose(points, [[0.0, -1e-6], [0.0, 1e-6]], atol=1e-18)


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        pytest.param(Order.SERPENTINE, [0, 1, 2, 5, 4, 3], id="serpentine turns every second row"),
        pytest.param(Order.GIVEN, [0, 1, 2, 3, 4, 5], id="given"),
    ],
)
def test_points_are_visited_in_the_order_asked_for(order: Order, expected: list[int]) -> None:
    assert visiting_order(3, 2, order, seed=0).tolist() == expected


def test_a_shuffled_order_visits_every_point_once_and_repeats_with_its_seed() -> None:
    first, again = visiting_order(10, 10, Order.SHUFFLED, 7), visiting_order(10, 10, Order.SHUFFLED, 7)
    assert sorted(first.tolist()) == list(range(100))
    assert first.tolist() == again.tolist() != list(range(100))
