"""What finite elements make of a place: how it leaks electrons and how it stores elastic energy (`--physics fem`).

The table of trigger voltages (domain.md §6) already knows which class leaks and which is soft. Here nothing is tabulated but
the plain interior; everything else follows from the fields around the place, through the two contested mechanisms of `Knobs`.
Boundaries are taken to stand upright below the surface.
"""

from dataclasses import replace
from functools import cached_property
from typing import Final

import numpy as np

from nanoprobe.physics.sheet import pull_sheet
from nanoprobe.physics.voxels import Block, solve_block
from sim_instruments.force_law import CERAMIC_POISSON
from sim_instruments.noise import Floats
from sim_instruments.surface import CORE_WIDTH, ELECTRONIC, MODULUS, Site, Surface

CONTACT: Final = 2.5e-9
"""Radius of the contact that the electrons spread from (m): 50 nN on 25 nm."""
GROWTH, REACH = 2.0, 300e-9
"""Cells grow by this factor away from the contact, as far as this (m): a few per cent of the resistance lie beyond."""
PATCH, PIXELS = 600e-9, 31
"""Edge of the sheet whose stress is computed around a place (m), and its pixels."""
PULL: Final = 1e8
"""Stress at the sheet's rim (Pa); only ratios are used."""


def _steps() -> Floats:
    """Return cell sizes from the contact's middle outwards (m)."""
    sizes = [CONTACT / 2] * 3
    while sum(sizes) < REACH:
        sizes.append(sizes[-1] * GROWTH)
    return np.array(sizes)


class SiteFields:
    """The fields of one surface, looked at place by place."""

    def __init__(self, surface: Surface) -> None:
        self._surface = surface
        self._depths = _steps()
        self._across = np.concatenate([self._depths[::-1], self._depths])
        lines = np.concatenate([[0.0], np.cumsum(self._across)]) - self._depths.sum()
        self._middles = 0.5 * (lines[1:] + lines[:-1])
        self._touched = np.hypot(*np.meshgrid(lines, lines)) <= CONTACT * (1 + 1e-9)

    def seen(self, x: float, y: float, site: Site) -> Site:
        """Return `site` at `x`, `y` (m) with nothing tabulated left: an interior that leaks and yields as its fields do."""
        leakage = self._conductance(self._electronic(x, y)) / self._plain_conductance
        return replace(site, boundary=0.0, triple=0.0, leakage=leakage, softness=self._stiffness(x, y))

    def _electronic(self, x: float, y: float) -> Floats:
        """Return the electronic conductivity around a place (S/m, shape (n, n))."""
        at = self._places(x, y, self._middles)
        edges = self._surface.grains.boundaries(*at)
        sigma = self._surface.electronic(*at, self._surface.felt_boundary(edges, CORE_WIDTH))
        return np.asarray(sigma.reshape(len(self._middles), -1))

    def _conductance(self, sigma: Floats) -> float:
        """Return the electronic conductance (S) from the contact into the body."""
        column = np.broadcast_to(sigma, (len(self._depths), *sigma.shape))
        block = Block(column, self._depths, self._across, self._across)
        return solve_block(block, touched=self._touched, tolerance=1e-6).current

    @cached_property
    def _plain_conductance(self) -> float:
        return self._conductance(np.full((len(self._middles),) * 2, ELECTRONIC))

    def _stiffness(self, x: float, y: float) -> float:
        """Return the uniform modulus, over the expected one, that would store the energy this place stores."""
        pixel = PATCH / PIXELS
        at = self._places(x, y, np.asarray(np.arange(PIXELS) - PIXELS // 2, dtype=np.float64) * pixel)
        edges = self._surface.grains.boundaries(*at)
        modulus = self._surface.modulus(*at, self._surface.felt_boundary(edges, CORE_WIDTH))
        sheet = pull_sheet(modulus.reshape(PIXELS, PIXELS), pixel, pixel, CERAMIC_POISSON, PULL)
        plain = PULL**2 * (1.0 - CERAMIC_POISSON) / MODULUS
        return plain / float(sheet.energy[PIXELS // 2, PIXELS // 2])

    @staticmethod
    def _places(x: float, y: float, offsets: Floats) -> tuple[Floats, Floats]:
        down, across = np.meshgrid(offsets, offsets, indexing="ij")
        return x + across.ravel(), y + down.ravel()
