"""Where the points of a map come to lie: on the grid's nodes, or on the boundaries and interiors a map shows there."""

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from nanoprobe.errors import BadInput
from nanoprobe.geometry import Frame
from nanoprobe.guard import COMPUTING
from nanoprobe.roles import Array
from procedures.current_map import take_map
from procedures.drift_watch import Correction
from procedures.earlier_map import EarlierMap, read_earlier_map
from procedures.revisit import find_again, patch_in
from procedures.site_picks import pick_sites

if TYPE_CHECKING:
    from procedures.map_walk import MapWalk
    from procedures.trigger_map import TriggerMap


def earlier_map(procedure: "TriggerMap") -> EarlierMap | None:
    """Return the map the points were picked on, None where there is none. Raises BadInput for one that does not serve."""
    if not procedure.map_run:
        return None
    earlier = read_earlier_map(procedure.map_run)
    if not earlier.holds(procedure.planned()):
        raise BadInput(f"some points lie outside the map of {procedure.map_run}: move or shrink the grid")
    return earlier


def lay_out(walk: "MapWalk") -> Array:
    """Return the planned places (m, shape (n, 2)), as they lay when the drift images began.

    Takes the images this needs. A resumed run keeps the places it had laid out.
    """
    procedure = walk.procedure
    earlier = earlier_map(procedure)
    walk.start_drift(_found_again(walk, earlier) if earlier is not None else Correction())
    if procedure.laid_points is not None:
        return np.asarray(procedure.laid_points, dtype=np.float64)
    if procedure.done_points and procedure.aim == "sites":
        raise BadInput("a map aimed at sites can only be resumed with the points it had laid out")
    seen = _take_first_map(walk) if procedure.takes_map() else earlier
    if procedure.aim != "sites" or seen is None:
        return procedure.planned()
    cell = replace(procedure.grid_frame(), width=procedure.pitch, height=procedure.pitch)
    procedure.opened.lease(COMPUTING)
    places, found = pick_sites(seen, procedure.planned(), cell)
    procedure.note(found)
    return places


def _found_again(walk: "MapWalk", earlier: EarlierMap) -> Correction:
    procedure = walk.procedure
    around = patch_in(earlier, procedure.image_size)
    found = find_again(earlier, around, procedure.image_pixels, procedure.min_confidence, walk.images.patch)
    procedure.note(
        f"the map of {procedure.map_run} was found again {found.x:.3g} m, {found.y:.3g} m away "
        f"(confidence {found.confidence:.2f}); the points were moved with it"
    )
    return found


def _take_first_map(walk: "MapWalk") -> EarlierMap:
    """Take the current map, placed where it lay on average when the drift images began.

    A map takes minutes: half of the drift during it moved its middle line, and what is left at either end is half
    of the drift as well, which shears the map by less than its boundaries are wide unless the sample is still settling.
    """
    procedure, begun = walk.procedure, walk.clock.passed
    before = walk.correction()
    area = procedure.area()
    image = take_map(procedure, procedure.map_settings(), moved(area, before, Correction()), lambda done, of: None)
    walk.clock.add(image.plan.duration)
    walk.update_drift()
    middle = walk.correction((begun + walk.clock.passed) / 2)
    height = image.trace("height") if "height" in image.channels else None
    return EarlierMap(moved(area, before, middle), height, image.trace("current"))


def moved(frame: Frame, forth: Correction, back: Correction) -> Frame:
    """Return `frame` moved by one correction and back by another."""
    return replace(frame, x=frame.x + forth.x - back.x, y=frame.y + forth.y - back.y)
