"""Where should it trigger first? Flux and stress by finite elements from measured maps, and the trigger voltage they predict.

Three numbers of each place, each over its median: the electronic current through it, the ion current into it, and the elastic
energy it stores under a pull. A flaw opens where the energy is enough (Griffith 1921), so that the voltage goes as its inverse
square root; where the local current is larger by a factor e, the same plating needs less overpotential by Tafel's slope 2RT/F.
What the maps do not show, scatter included, the prediction does not know: its order matters, not its volts.
"""

from dataclasses import dataclass, field, fields

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nanoprobe.analysis.correlation import Correlation, correlate
from nanoprobe.analysis.measured_fields import MeasuredFields
from nanoprobe.analysis.of_run import Image, RunData, places_on_map, values_at, verdicts_of
from nanoprobe.analysis.strengths import strengths_of
from nanoprobe.errors import BadInput
from nanoprobe.geometry import Frame
from nanoprobe.physics.constants import thermal_voltage
from nanoprobe.physics.sheet import pull_sheet
from nanoprobe.physics.solving import Watch, part, unwatched
from nanoprobe.physics.voxels import Block, solve_block
from nanoprobe.roles import Array

QUANTITY = "predicted trigger voltage"
RIM = 0.04
"""Share of a map's edge that is left out when places are picked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WeaknessSettings:
    """What the maps do not tell. SI units; conductivities and boundary of Al-LLZO after Eckhardt 2023.

    `film`: area-specific resistance between lithium and ceramic; `typical`: trigger voltage of a plain interior;
    `softening`: share by which conducting boundaries are softer, used where no modulus was measured (up to 0.5 after MD).
    """

    ionic: float = 0.046
    ionic_boundary: float = 6e-4
    boundary_width: float = 10e-9
    film: float = 0.5e-4
    modulus: float = 150e9
    poisson: float = 0.26
    softening: float = 0.4
    core: float = 25e-9
    typical: float = 4.0

    def __post_init__(self) -> None:
        """Raise BadInput for what no material has."""
        for each in fields(self):
            value, (low, high) = getattr(self, each.name), _RANGES.get(each.name, (_LEAST, np.inf))
            if not (low <= value < high):
                least = "be positive" if low == _LEAST else f"be {low:g} or more"
                most = "" if high == np.inf else f" and less than {high:g}"
                raise BadInput(f"{each.name} is {value:g}; it must {least}{most}, and finite")


_LEAST = 5e-324
"""The smallest positive number: what is at least that is positive."""
_RANGES = {"film": (0.0, np.inf), "boundary_width": (0.0, np.inf), "softening": (0.0, 1.0), "poisson": (-1.0, 0.5)}
"""From (included) and up to (not) of settings that are not just positive."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Weakness:
    """Predicted maps of shape (ny, nx): `voltage` (V) at which a place would trigger, and what it follows from.

    `electrons`, `ions`: local over mean current density at the surface; `energy`: stored elastic energy over its median.
    """

    frame: Frame
    voltage: Array = field(repr=False)
    electrons: Array = field(repr=False)
    ions: Array = field(repr=False)
    energy: Array = field(repr=False)

    def at(self, places: ArrayLike) -> Array:
        """Return the predicted voltage (V, shape (n,)) at places (m, scanner coordinates, shape (n, 2)); NaN outside."""
        return values_at(Image(self.frame, self.voltage, None), "current", np.asarray(places, dtype=np.float64))

    def picks(self, count: int, apart: float) -> Array:
        """Return places (m, shape (n, 2)) to hold it against: half the weakest, half of middling strength, `apart` (m) or more.

        Fewer than `count` where the map has no room.
        """
        weakest = np.argsort(self.voltage, axis=None)
        middling = np.argsort(np.abs(self.voltage - np.median(self.voltage)), axis=None)
        taken = _spaced(self._places(weakest), count // 2, apart, np.empty((0, 2)))
        return _spaced(self._places(middling), count - len(taken), apart, taken)

    def _places(self, order: NDArray[np.intp]) -> Array:
        """Return scanner coordinates (m) of pixels in `order`; none at the rim, where the map does not know what is beside it."""
        ny, nx = self.voltage.shape
        row, column = np.divmod(order, nx)
        rim = RIM * min(nx, ny)
        inside = (np.minimum(row, ny - 1 - row) >= rim) & (np.minimum(column, nx - 1 - column) >= rim)
        local = np.column_stack([(column[inside] + 0.5) / nx - 0.5, (row[inside] + 0.5) / ny - 0.5])
        return self.frame.to_scanner(local * [self.frame.width, self.frame.height])


def _spaced(candidates: Array, count: int, apart: float, taken: Array) -> Array:
    """Return `taken` and up to `count` of the `candidates` behind it, in order, each `apart` (m) from all before."""
    rest = candidates
    for place in taken:
        rest = rest[np.hypot(*(rest - place).T) >= apart]
    for _ in range(count):
        if not len(rest):
            break
        taken = np.vstack([taken, rest[:1]])
        rest = rest[np.hypot(*(rest - rest[0]).T) >= apart]
    return taken


def predict(fields: MeasuredFields, settings: WeaknessSettings, watch: Watch = unwatched) -> Weakness:
    """Return the weakness map of measured fields; `watch` hears the share done (0..1). Raises BadInput for unphysical fields."""
    heights = _layers(fields)
    electrons = _focusing(_electron_block(fields, heights), 0.0, part(watch, 0.0, 0.4))
    ions = _focusing(_ion_block(fields, settings, heights), settings.film, part(watch, 0.4, 0.8))
    sheet = pull_sheet(fields.modulus, *fields.pixel, settings.poisson, 1e8, part(watch, 0.8, 1.0))
    energy = sheet.energy / np.median(sheet.energy)
    tafel = 2 * thermal_voltage()
    voltage = settings.typical / np.sqrt(energy) - tafel * np.log(_over_median(electrons) * _over_median(ions))
    watch(1.0)
    return Weakness(frame=fields.frame, voltage=voltage, electrons=electrons, ions=ions, energy=energy)


def held_against(weakness: Weakness, run: RunData, seed: int = 0) -> Correlation:
    """Return the rank correlation, with interval, of the predicted with the measured trigger voltages of a run."""
    strengths, chosen = strengths_of(verdicts_of(run.points))
    return correlate(strengths, weakness.at(places_on_map(run.points))[chosen], QUANTITY, seed)


def _over_median(values: Array) -> Array:
    return np.asarray(values / np.median(values))


def _layers(fields: MeasuredFields) -> Array:
    """Return heights of layers (m) that grow with depth: the grains end in the middle, twice as deep is the ground."""
    first = min(fields.pixel)
    count = max(3, int(np.ceil(np.log2(1 + fields.grain / first))))
    upper = 2.0 ** np.arange(count)
    upper *= fields.grain / upper.sum()
    return np.concatenate([upper, [fields.grain / 2] * 2])


def _block(surface: Array, below: float, heights: Array, fields: MeasuredFields) -> Block:
    """Return upright grains of the conductivities at the `surface` (S/m) on a uniform ground."""
    cells = np.empty((len(heights), *surface.shape), dtype=np.float32)
    cells[:-2], cells[-2:] = surface, below
    ny, nx = surface.shape
    width, depth = fields.pixel
    return Block(cells, heights, np.full(ny, depth), np.full(nx, width))


def _electron_block(fields: MeasuredFields, heights: Array) -> Block:
    """Conductivities are proportional to the current of the contact (Holm); only their ratios matter."""
    relative = fields.leakage / np.median(fields.leakage)
    return _block(relative, float(relative.mean()), heights, fields)


def _ion_block(fields: MeasuredFields, settings: WeaknessSettings, heights: Array) -> Block:
    """A boundary far thinner than a pixel adds its resistance to that of the pixel."""
    share = min(1.0, settings.boundary_width / min(fields.pixel))
    more = share * (1 / settings.ionic_boundary - 1 / settings.ionic)
    return _block(1 / (1 / settings.ionic + more * fields.boundary), settings.ionic, heights, fields)


def _focusing(block: Block, film: float, watch: Watch) -> Array:
    return np.maximum(solve_block(block, film=film, tolerance=1e-6, watch=watch).focusing, 1e-12)
