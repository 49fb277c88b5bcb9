"""The surface of the sample: polycrystal, topography, and the fields the contact feels (domain.md §6).

Coordinates are the sample's own (m); the pattern repeats every `side`. A coating smooths what the tip feels. Which
places are boundaries, and how early they trigger, is the ceramic's business: the table of trigger voltages holds for
coated samples as it stands, so its weights are not smoothed a second time.
"""

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from sim_instruments.fields import FieldShape, PeriodicField, gaussian_field
from sim_instruments.grains import Boundaries, Grains
from sim_instruments.noise import Floats
from sim_instruments.sample import SAMPLES, Sample

CORE_WIDTH = 25e-9
"""Least half width w of a grain boundary as the tip sees it (m)."""
MODULUS, MODULUS_SPREAD, BOUNDARY_SOFTENING = 150e9, 0.05, 0.4
"""Young's modulus of the ceramic (Pa), its relative scatter, its relative loss at a boundary."""
IONIC, IONIC_BOUNDARY, IONIC_SPREAD = 0.046, 6e-4, 0.2
"""Ionic conductivity of grain and boundary (S/m), scatter of its logarithm."""
ELECTRONIC, ELECTRONIC_BOUNDARY, ELECTRONIC_SPREAD = 1e-7, 1e-3, 0.3
"""Electronic conductivity of grain and boundary (S/m), scatter of its logarithm."""
ONSET, ONSET_SPREAD, ONSET_REACH = 0.6, 0.1, 2.5
"""Voltage at which plating starts (V), its scatter, and how many of these it may differ."""
GROOVE_DEPTH, GROOVE_SIGMA = 15e-9, 60e-9 / 2.355
"""Thermal groove along a boundary (m): depth, and sigma of a profile 60 nm wide at half depth."""
ROUGHNESS, ROUGHNESS_LENGTH = 5e-9, 200e-9
"""Roughness (m rms) and its correlation length (m)."""
PORES_PER_AREA, PORE_DEPTH, PORE_RADIUS = 0.2e12, 60e-9, 90e-9
"""Pores per m2, their mean depth (m), sigma of their profile (m)."""

PAD_CENTRE, PAD_EDGE = 9e-6, 1.5e-6
"""A chip of sapphire beside the sample, where levers are calibrated: a square about (centre, centre), its edge (m)."""
PAD_MODULUS, PAD_POISSON, PAD_WORK = 400e9, 0.25, 0.05
"""Young's modulus (Pa), Poisson ratio and work of adhesion (J/m2) of the chip. Only the lever feels it: its height and its
currents are the sample's."""


@dataclass(frozen=True)
class SurfaceSettings:
    """What makes one surface: the same settings give the same surface. Lengths in m."""

    seed: int = 0
    sample: str = "bare"
    side: float = 20e-6
    grain: float = 3e-6
    special_share: float = 0.3
    """Share of boundaries that behave like a grain's interior."""
    disorder: float = 8.0
    """Misorientation of the other boundaries is U^(1/disorder): most are nearly as weak as the table says."""


@dataclass(frozen=True)
class Site:
    """One place, in numbers (SI)."""

    kind: str
    boundary: float
    """Weight of the boundary, g u of domain.md (0 interior, 1 boundary)."""
    triple: float
    """Weight of the triple junction (0 to 1)."""
    probability: float
    """The place's own quantile U (0 to 1) of its class's distribution."""
    onset: float
    film_resistance: float
    ionic: float
    """Ionic conductivity at the place (S/m)."""
    grain_ionic: float
    """That of the grain around it (S/m), which a deposit wider than the boundary draws on."""
    electronic: float
    softness: float
    """Modulus over the one expected here."""
    leakage: float
    """Electronic conductivity over the one expected here."""


def _bell(distance: Floats, width: float) -> Floats:
    return np.asarray(np.exp(-((distance / width) ** 2)))


def _smoothed_bell(distance: Floats, width: float, blur: float) -> Floats:
    """Return the bell across a straight boundary after a Gaussian blur: lower and wider, of the same area."""
    wide = math.sqrt(width**2 + 2.0 * blur**2)
    return (width / wide) * _bell(distance, wide)


def _normal_cdf(value: float) -> float:
    return 0.5 * math.erfc(-value / math.sqrt(2.0))


class Surface:
    """The truth about the sample's surface."""

    def __init__(self, settings: SurfaceSettings) -> None:
        self.settings = settings
        self.sample: Sample = SAMPLES[settings.sample]
        self.grains = Grains(self._rng(0), settings.side, settings.grain, settings.special_share, settings.disorder)
        self._softness = self._field(1)
        self._ionic = self._field(2)
        self._electronic = self._field(3)
        self._film = self._field(4)
        self._onset = self._field(5)
        self._roughness = self._field(6, correlation=ROUGHNESS_LENGTH)
        self._copula = self._field(7, points=2048, correlation=50e-9, keep_variance=True)
        self._pores = self._pore_field()

    def _rng(self, stream: int) -> np.random.Generator:
        return np.random.Generator(np.random.PCG64(np.random.SeedSequence([self.settings.seed, stream])))

    def _field(
        self, stream: int, points: int = 1024, correlation: float = 100e-9, keep_variance: bool = False
    ) -> PeriodicField:
        shape = FieldShape(points, self.settings.side, correlation, self.sample.blur)
        return gaussian_field(self._rng(stream), shape, keep_variance)

    def _pore_field(self) -> PeriodicField:
        rng, side, points = self._rng(8), self.settings.side, 1024
        values = np.zeros((points, points), dtype=np.float32)
        sigma = math.hypot(PORE_RADIUS, self.sample.blur)
        reach = math.ceil(4.0 * sigma * points / side)
        for x, y, depth in rng.random((round(PORES_PER_AREA * side**2), 3)):
            column, row = round(x * points), round(y * points)
            span = np.arange(-reach, reach + 1)
            profile = np.exp(-0.5 * (span * side / points / sigma) ** 2)
            window = np.ix_((row + span) % points, (column + span) % points)
            height = PORE_DEPTH * (0.5 + depth) * (PORE_RADIUS / sigma) ** 2
            values[window] = np.minimum(values[window], -height * np.outer(profile, profile))
        return PeriodicField(values, side)

    # --- topography ---------------------------------------------------------------------------------------------
    def height(self, x: Floats, y: Floats, boundaries: Boundaries | None = None) -> Floats:
        """Return the height (m, mean about 0) at `x`, `y` (m, one-dimensional)."""
        edges = boundaries or self.grains.boundaries(x, y)
        groove = _smoothed_bell(edges.distance, GROOVE_SIGMA * math.sqrt(2.0), self.sample.blur)
        return edges.plane - GROOVE_DEPTH * groove + ROUGHNESS * self._roughness(x, y) + self._pores(x, y)

    # --- what a current map sees --------------------------------------------------------------------------------
    def felt_boundary(self, boundaries: Boundaries, width: float) -> Floats:
        """Return the boundary's weight as the contact feels it, through the coating where there is one."""
        return _smoothed_bell(boundaries.distance, width, self.sample.blur) * boundaries.misorientation

    def modulus(self, x: Floats, y: Floats, felt: Floats) -> Floats:
        """Return the ceramic's Young's modulus (Pa)."""
        return MODULUS * (1.0 - BOUNDARY_SOFTENING * felt) * np.exp(MODULUS_SPREAD * self._softness(x, y))

    def electronic(self, x: Floats, y: Floats, felt: Floats) -> Floats:
        """Return the electronic conductivity (S/m)."""
        expected = ELECTRONIC + (ELECTRONIC_BOUNDARY - ELECTRONIC) * felt
        return expected * np.exp(ELECTRONIC_SPREAD * self._electronic(x, y))

    # --- one place ----------------------------------------------------------------------------------------------
    def edges(self, x: float, y: float) -> Boundaries:
        """Return the two nearest boundaries of one place `x`, `y` (m)."""
        return self.grains.boundaries(np.array([x]), np.array([y]))

    def relief(self, x: float, y: float, edges: Boundaries) -> float:
        """Return the height (m) of one place."""
        groove = float(_smoothed_bell(edges.distance, GROOVE_SIGMA * math.sqrt(2.0), self.sample.blur)[0])
        rough = ROUGHNESS * self._roughness.at(x, y) + self._pores.at(x, y)
        return float(edges.plane[0]) - GROOVE_DEPTH * groove + rough

    def on_pad(self, x: float, y: float) -> bool:
        """Say whether `x`, `y` (m) lies on the stiff chip."""
        return max(abs(x - PAD_CENTRE), abs(y - PAD_CENTRE)) < PAD_EDGE / 2

    def stiffness(self, x: float, y: float, edges: Boundaries, width: float) -> float:
        """Return Young's modulus (Pa) that the tip feels at one place."""
        if self.sample.contact_modulus is not None:
            return self.sample.contact_modulus
        softened = 1.0 - BOUNDARY_SOFTENING * float(self.felt_boundary(edges, width)[0])
        return MODULUS * softened * math.exp(MODULUS_SPREAD * self._softness.at(x, y))

    def site(self, x: float, y: float, width: float = CORE_WIDTH) -> Site:
        """Return all that decides what happens under a contact at `x`, `y` (m); `width`: w of domain.md (m)."""
        edges, sample = self.edges(x, y), self.sample
        felt = float(self.felt_boundary(edges, width)[0])
        leakage = math.exp(ELECTRONIC_SPREAD * self._electronic.at(x, y))
        varied = math.exp(IONIC_SPREAD * self._ionic.at(x, y))
        onset = min(max(self._onset.at(x, y), -ONSET_REACH), ONSET_REACH)
        return Site(
            kind=_kind(edges, width),
            boundary=float(_bell(edges.distance, width)[0] * edges.misorientation[0]),
            triple=float(_bell(edges.second_distance, width)[0] * edges.second_misorientation[0]),
            probability=_normal_cdf(self._copula.at(x, y)),
            onset=ONSET + ONSET_SPREAD * onset,
            film_resistance=sample.film_resistance * math.exp(sample.film_resistance_spread * self._film.at(x, y)),
            ionic=IONIC * (IONIC_BOUNDARY / IONIC) ** felt * varied,
            grain_ionic=IONIC * varied,
            electronic=(ELECTRONIC + (ELECTRONIC_BOUNDARY - ELECTRONIC) * felt) * leakage,
            softness=math.exp(MODULUS_SPREAD * self._softness.at(x, y)),
            leakage=leakage,
        )


def _kind(edges: Boundaries, width: float) -> str:
    """Name the class of one place: special boundaries count as interior, for they behave like it."""
    near = float(_bell(edges.distance, width)[0]) > 0.5 and float(edges.misorientation[0]) > 0.0
    if not near:
        return "interior"
    second = float(edges.second_distance[0]) < width and float(edges.second_misorientation[0]) > 0.0
    return "triple_junction" if second else "boundary"


@lru_cache(maxsize=4)
def make_surface(settings: SurfaceSettings) -> Surface:
    """Return the surface of `settings`; it never changes, so worlds of one seed share it."""
    return Surface(settings)
