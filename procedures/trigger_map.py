"""TriggerMap: a trigger ramp at place after place, with contact checks, drift correction and resume."""

import math
from typing import ClassVar

import numpy as np

from nanoprobe.errors import BadInput
from nanoprobe.geometry import Frame, Order, grid, visiting_order
from nanoprobe.limits import Limits
from nanoprobe.outlook import Outlook
from nanoprobe.roles import Array, ScanPlan
from nanoprobe.wiring import Wiring
from procedures import check_inputs, map_inputs
from procedures.base import BenchProcedure
from procedures.beside import Side, bounds, patch, spot
from procedures.checking import CheckPlan
from procedures.drift_inputs import DriftInputs
from procedures.imaging import scan_length
from procedures.inputs import choice, number, switch, text, values_of, whole
from procedures.map_inputs import MapSettings
from procedures.map_walk import MapWalk
from procedures.points import as_array, places
from procedures.ramping import LANDING, RampInputs, charge_bound, longest
from procedures.site_aim import earlier_map
from procedures.trigger_ramp import POINT_COLUMNS

GRID, SITES = "grid", "sites"


class TriggerMap(RampInputs, DriftInputs, BenchProcedure):
    """Ramp at every point of a grid or list. Points that were begun are never ramped again, also after a resume."""

    DATA_COLUMNS: ClassVar[list[str]] = list(POINT_COLUMNS)

    nx = whole("Columns", "", 10, 1, 1000, "points", "points along x")
    ny = whole("Rows", "", 10, 1, 1000, "points", "points along y")
    pitch = number("Pitch", "m", 1e-6, 0.2e-6, 5e-6, "points", "distance between neighbours, larger than any deposit")
    centre_x = number("Centre x", "m", 0.0, -1e-3, 1e-3, "points", "centre of the grid in scanner coordinates")
    centre_y = number("Centre y", "m", 0.0, -1e-3, 1e-3, "points", "centre of the grid in scanner coordinates")
    angle = number("Angle", "rad", 0.0, -3.1416, 3.1416, "points", "rotation of the grid, counter-clockwise")
    points = places("Points", "points", "places (m) to ramp at instead of a grid: list, 'x,y; x,y', .csv or .json file")
    order = choice("Order", values_of(Order), Order.SERPENTINE, "points", "in which order the points are visited")
    order_seed = whole("Order seed", "", 0, 0, 2**31 - 1, "points", "seed of the shuffled order")
    aim = choice(
        "Aim",
        [GRID, SITES],
        GRID,
        "aim",
        "sites: each node moves, in turn, to a boundary or an interior, and to any triple junction",
    )
    map_first = switch("Map first", False, "aim", "take a current map of the area before the first ramp")
    map_run = text("Map run", "", "aim", "earlier run whose map the points were picked on; it is found again first")
    map_pixels = map_inputs.pixels()
    map_line_rate = map_inputs.line_rate()
    map_bias = map_inputs.bias()
    map_current_limit = map_inputs.current_limit()
    map_channels = map_inputs.channels()
    image_every = whole("Image every", "", 25, 0, 100000, "drift", "points between two drift images; 0: none")
    check_every = whole("Check every", "", 10, 0, 100000, "check", "points between two contact checks; 0: none")
    check_bias = check_inputs.bias()
    check_dwell = check_inputs.dwell()
    check_compliance = check_inputs.compliance()
    reference_pad = check_inputs.reference_pad()
    pad_resistance = check_inputs.pad_resistance()
    pad_x = number("Pad x", "m", 0.0, -1e-3, 1e-3, "check", "scanner x of the reference pad, where there is one")
    pad_y = number("Pad y", "m", 0.0, -1e-3, 1e-3, "check", "scanner y of the reference pad, where there is one")
    max_reference_drift = number(
        "Reference drift", "1", 0.2, 0.0, 10.0, "check", "change of the checks that ends a map"
    )
    max_failed_contacts = whole("Failed contacts", "", 3, 0, 1000, "check", "failed landings a map may have")
    landing_attempts = whole("Landing attempts", "", 2, 1, 10, "check", "tries to land at a point before it fails")

    # --- what the parameters mean

    def planned(self) -> Array:
        """Return the places as the parameters say (m, shape (n, 2)): the list, or the nodes of the grid."""
        return as_array(self.points) if self.points else grid(self.grid_frame(), self.nx, self.ny)

    def grid_frame(self) -> Frame:
        """Return the frame whose cells have the grid's nodes as centres."""
        width, height = self.nx * self.pitch, self.ny * self.pitch
        return Frame(x=self.centre_x, y=self.centre_y, width=width, height=height, angle=self.angle)

    def area(self) -> Frame:
        """Return the frame that holds every point, half a pitch of margin included."""
        return bounds(as_array(self.points), self.pitch / 2) if self.points else self.grid_frame()

    def shape(self) -> tuple[int, int] | None:
        """Return (ny, nx) of a grid, None for a list."""
        return None if self.points else (self.ny, self.nx)

    def visits(self) -> list[int]:
        """Return the indices of the points in the order of the visit."""
        columns, rows = (len(self.points), 1) if self.points else (self.nx, self.ny)
        return [int(index) for index in visiting_order(columns, rows, Order(self.order), self.order_seed)]

    def map_settings(self) -> MapSettings:
        """Return how the current map is taken."""
        return MapSettings(
            bias=self.map_bias,
            current_limit=self.map_current_limit,
            line_rate=self.map_line_rate,
            pixels=self.map_pixels,
            channels=self.map_channels,
        )

    def takes_map(self) -> bool:
        """Say whether a current map is taken before the first ramp."""
        return bool(self.map_first or (self.aim == SITES and not self.map_run))

    def image_frame(self) -> Frame:
        """Return where the drift images stand."""
        return patch(self.area(), self.image_size, self.gap(), Side(self.image_side))

    def gap(self) -> float:
        """Return the distance (m) between the points' area and the drift images; the contact checks stand in it."""
        return float(max(self.pitch, 1e-6))

    def check_plan(self) -> CheckPlan:
        """Return the contact check: on the pad, or beside the points."""
        x, y = (self.pad_x, self.pad_y) if self.reference_pad else spot(self.area(), self.image_frame(), self.gap())
        return CheckPlan(
            x=x,
            y=y,
            bias=self.check_bias,
            compliance=self.check_compliance,
            dwell=self.check_dwell,
            largest_resistance=self.pad_resistance if self.reference_pad else math.inf,
        )

    # --- looking ahead

    def outlook(self, limits: Limits, wiring: Wiring) -> Outlook:
        """See BenchProcedure. An earlier map that does not serve is refused here, before anything is touched."""
        ahead = super().outlook(limits, wiring)
        earlier_map(self)
        return ahead

    def foresee(self, wiring: Wiring) -> Outlook:
        """See BenchProcedure. The charge is a ramp's: checks and maps stay below the bias at which anything plates."""
        if self.aim == SITES and self.points:
            raise BadInput(
                "aim = 'sites' picks its own points on the nodes of a grid: leave 'points' out, or aim = 'grid'"
            )
        ramp, count = self.ramp_plan(), len(self.visits())
        images, checks = self._images(count), self._checks(count)
        biases = [0.0, ramp.stop, *([-self.check_bias, self.check_bias] if checks else [])]
        biases += [self.map_bias] if self.takes_map() else []
        return Outlook(
            points=self.planned()[self.visits()],
            places=self._further_places(),
            duration=count * (longest(ramp) * ramp.sample_interval + LANDING)
            + sum(plan.duration for plan in images)
            + checks * check_inputs.duration(self.check_plan()),
            bias_min=min(biases),
            bias_max=max(biases),
            slew_rate=self.steepest(),
            current=max(ramp.compliance, self.check_compliance if checks else 0.0),
            trip_current=ramp.trip_current,
            charge=charge_bound(ramp),
            force=self.force,
            ramps=count,
            samples=longest(ramp),
            frames=len(images),
            scan_length=sum(scan_length(plan) for plan in images),
            series_resistance=wiring.series_resistance,
        )

    def _images(self, count: int) -> list[ScanPlan]:
        drift = (
            [self.image_plan(self.image_frame())] * (1 + (count - 1) // self.image_every) if self.image_every else []
        )
        first = [self.map_settings().plan(self.area())] if self.takes_map() else []
        # Once before the map and once after it, and the patch that finds an earlier map again.
        more = [self.image_plan(self.image_frame())] * (bool(first and drift) + bool(self.map_run))
        return [*first, *more, *drift]

    def _checks(self, count: int) -> int:
        return math.ceil(count / self.check_every) if self.check_every else 0

    def _further_places(self) -> Array:
        corners = [self.image_frame().corners()] if self.image_every else []
        corners += [self.area().corners()] if self.takes_map() or self.aim == SITES else []
        corners += [np.array([[self.check_plan().x, self.check_plan().y]])] if self.check_every else []
        return np.concatenate(corners) if corners else np.empty((0, 2))

    # --- running

    def perform(self) -> None:
        """Lay out the points, then ramp at each that was not begun before."""
        MapWalk(self).go()
