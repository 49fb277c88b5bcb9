"""Points on grain interiors, boundaries and triple junctions in turn, one in each cell of a grid."""

from collections import Counter
from dataclasses import replace

import numpy as np

from nanoprobe.analysis.sites import Site, Sites, find_sites
from nanoprobe.errors import BadInput
from nanoprobe.geometry import Frame
from nanoprobe.roles import Array
from procedures.earlier_map import EarlierMap

TURNS = (
    (Site.TRIPLE_JUNCTION, Site.BOUNDARY, Site.INTERIOR),
    (Site.TRIPLE_JUNCTION, Site.INTERIOR, Site.BOUNDARY),
)
"""What each node asks for, in turn: junctions are rare and always taken, boundaries and interiors take turns."""

CORE = 0.6
"""Part of a cell that is picked from (1): what is left keeps neighbours apart, since a deposit spoils what it touches."""


def pick_sites(seen: EarlierMap, nodes: Array, cell: Frame) -> tuple[Array, str]:
    """Return a place (m, shape (n, 2)) for each of `nodes`, within the `cell` moved there, and what was found in words.

    A cell that shows none of the kinds keeps its node. Raises BadInput when the map shows no boundary at all.
    """
    sites = find_sites(seen.current, seen.frame, seen.height)
    if not sites.line.any():
        raise BadInput(
            "the map shows no grain boundary to aim at: choose a larger map_bias or more map_pixels, or aim = 'grid'"
        )
    picks = [_pick(sites, number, node, cell) for number, node in enumerate(nodes)]
    return np.array([place for place, _ in picks]), _in_words(picks)


def _pick(sites: Sites, number: int, node: Array, cell: Frame) -> tuple[tuple[float, float], Site]:
    here = replace(cell, x=float(node[0]), y=float(node[1]), width=CORE * cell.width, height=CORE * cell.height)
    for kind in TURNS[number % len(TURNS)]:
        place = sites.pick(kind, here)
        if place is not None:
            return place, kind
    return (here.x, here.y), Site.UNKNOWN


def _in_words(picks: list[tuple[tuple[float, float], Site]]) -> str:
    counts = Counter(kind for _, kind in picks)
    return "points aimed at: " + ", ".join(f"{counts[kind]} {kind.label}" for kind in (*TURNS[1], Site.UNKNOWN))
