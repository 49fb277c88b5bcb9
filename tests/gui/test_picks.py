"""Picks become parameters, and every step can be taken back."""

import numpy as np
import pytest

from gui.picks import PickKind, Picks
from nanoprobe.geometry import Frame, grid
from nanoprobe.plan import Plan

FRAME = Frame(x=1e-6, y=-2e-6, width=4e-6, height=4e-6, angle=0.3)


def test_points_become_the_points_of_a_map_and_the_place_of_a_ramp() -> None:
    picks = Picks()
    picks.add_point(1e-6, 2e-6)
    picks.add_point(3e-6, 4e-6)
    assert picks.now.patch().values == {"points": [[1e-6, 2e-6], [3e-6, 4e-6]], "x": 3e-6, "y": 4e-6}


def test_a_line_has_its_ends_and_even_steps() -> None:
    picks = Picks()
    picks.add_line((0.0, 0.0), (4e-6, 2e-6), 5)
    assert np.allclose(picks.now.points, [(1e-6 * n, 0.5e-6 * n) for n in range(5)])


def test_a_frame_patch_makes_the_plan_that_its_nodes_show() -> None:
    picks = Picks()
    picks.set_grid(4, 3)
    picks.set_frame(FRAME)
    patch = picks.now.patch()
    plan = Plan(
        procedure="trigger-map",
        parameters={name: patch.values[name] for name in ("nx", "ny", "pitch", "centre_x", "centre_y", "angle")},
    )
    assert np.allclose(plan.build().planned(), picks.now.nodes())
    assert np.allclose(picks.now.nodes(), grid(_turned(4e-6, 3e-6), 4, 3))


def _turned(width: float, height: float) -> Frame:
    return Frame(x=FRAME.x, y=FRAME.y, width=width, height=height, angle=FRAME.angle)


def test_a_frame_patch_is_the_square_of_a_current_map() -> None:
    picks = Picks()
    picks.set_frame(FRAME)
    values = picks.now.patch().values
    plan = Plan(procedure="current-map", parameters={name: values[name] for name in ("x", "y", "size", "angle")})
    assert plan.build().frame() == FRAME


def test_dragging_the_frame_says_that_the_points_are_not_meant_any_more() -> None:
    picks = Picks()
    picks.add_point(0.0, 0.0)
    picks.set_frame(FRAME)
    assert picks.now.kind is PickKind.FRAME
    assert picks.now.patch().values["points"] == []


def test_undo_goes_back_step_by_step_and_redo_forth_again() -> None:
    picks = Picks()
    states = [picks.now]
    for do in (
        lambda: picks.add_point(1e-6, 0.0),
        lambda: picks.move_point(0, 2e-6, 0.0),
        lambda: picks.set_frame(FRAME),
        lambda: picks.set_grid(2, 2),
        picks.clear,
    ):
        do()
        states.append(picks.now)
    back = []
    while picks.can_undo:
        back.append(picks.now)
        picks.undo()
    assert [*reversed(back)] == states[1:]
    assert picks.now == states[0]
    while picks.can_redo:
        picks.redo()
    assert picks.now == states[-1]


def test_a_new_step_after_undo_forgets_what_was_taken_back() -> None:
    picks = Picks()
    picks.add_point(0.0, 0.0)
    picks.undo()
    picks.add_point(1e-6, 0.0)
    assert not picks.can_redo


@pytest.mark.parametrize(("within", "found"), [(0.5e-6, 1), (0.05e-6, None)], ids=["near", "too far"])
def test_the_nearest_point_is_found_only_within_reach(within: float, found: int | None) -> None:
    picks = Picks()
    picks.add_point(0.0, 0.0)
    picks.add_point(1e-6, 0.0)
    assert picks.nearest(0.9e-6, 0.0, within) == found


def test_taking_away_the_last_of_no_points_does_nothing() -> None:
    picks = Picks()
    picks.remove_last()
    assert not picks.can_undo
