"""What cannot be computed is refused with the reason, and what two ways can compute they agree on."""

from itertools import permutations

import numpy as np
import pytest
from skfem import Basis, BilinearForm, ElementTetP1, MeshTet
from skfem.helpers import dot, grad

from nanoprobe.errors import BadInput
from nanoprobe.physics.cases import CASES, find_case, run_case
from nanoprobe.physics.conduction import Conduction
from nanoprobe.physics.contacts import Film, Fixed, Kinetics, Supply
from nanoprobe.physics.domain import box, shells
from nanoprobe.physics.elasticity import Elastic, Support
from nanoprobe.physics.flux_cases import before, beyond, uniform
from nanoprobe.physics.jumps import Jump
from nanoprobe.physics.sheet import pull_sheet
from nanoprobe.physics.solving import check_memory
from nanoprobe.physics.voxels import Block, conductances, matrix_of, solve_block

SQUARE = box(np.linspace(0, 1, 5), np.linspace(0, 1, 5))
ENDS = {"low": Fixed(before(1, 0.0)), "high": Fixed(beyond(1, 1.0), 1.0)}


def block(cells: tuple[int, int, int] = (3, 4, 5), **more: object) -> Block:
    rng = np.random.default_rng(0)
    sizes = [np.linspace(1.0, 2.0, count) for count in cells]
    return Block(np.exp(rng.normal(size=cells)), *sizes, **more)


@pytest.mark.parametrize(
    ("make", "says"),
    [
        pytest.param(
            lambda: Conduction(SQUARE, uniform(-0.1), ENDS).solve(),
            "conductivity is -0.1 S/m in 32 of 32",
            id="conductivity",
        ),
        pytest.param(
            lambda: Conduction(SQUARE, uniform(1.0), {**ENDS, "tip": Fixed(lambda own: own[0] < -1)}).solve(),
            "contact 'tip' lies on 0 mesh edges: the mesh is too coarse",
            id="contact",
        ),
        pytest.param(
            lambda: Conduction(
                SQUARE.without(lambda own: abs(own[1] - 0.6) < 0.2), uniform(1.0), {"low": ENDS["low"]}
            ).solve(),
            "1 of 2 pieces of the body have no contact .* island",
            id="island",
        ),
        pytest.param(
            lambda: Conduction(SQUARE, uniform(1.0), {"low": Supply(before(1, 0.0), 1.0)}).solve(),
            "no contact",
            id="floating",
        ),
        pytest.param(
            lambda: Conduction(SQUARE, uniform(1.0), {**ENDS, "high": Film(beyond(1, 1.0), 1.0, 0.0)}).solve(),
            "resistance of a film is 0 ohm m2",
            id="film",
        ),
        pytest.param(
            lambda: Elastic(SQUARE, uniform(1.0), 0.5, (Support(before(1, 0.0), 1),)).solve(),
            "Poisson's ratio is 0.5; it must lie above -1 and below 0.5",
            id="poisson",
        ),
        pytest.param(
            lambda: Elastic(SQUARE, uniform(0.0), 0.3, ()).solve(), "modulus is 0 Pa in 32 of 32", id="modulus"
        ),
        pytest.param(lambda: solve_block(block((2, 2, 2), void=_shelf())), "1 islands of cells", id="island of cells"),
        pytest.param(
            lambda: solve_block(block(), touched=np.zeros((5, 6), dtype=bool)),
            "contact covers no node",
            id="no contact",
        ),
        pytest.param(
            lambda: check_memory(10**12, 1600), "1000000000000 unknowns need about .* take at most", id="memory"
        ),
        pytest.param(
            lambda: pull_sheet(np.full((4, 4), -1.0), 1.0, 1.0, 0.3, 1.0), "modulus is -1 Pa", id="soft sheet"
        ),
        pytest.param(lambda: shells(20.0, 1.0, [0, 3, 6]).in_space, "triangles fold over", id="coarse shells"),
        pytest.param(
            lambda: shells(2.0, 1.0, [-1, 0, 1]), "only a sphere can be meshed inside", id="inside a spheroid"
        ),
        pytest.param(lambda: find_case("flux", "dusk"), "no flux case 'dusk'; did you mean 'disk'", id="case"),
        pytest.param(lambda: find_case("mechanics", "disk"), "no mechanics case 'disk'", id="kind"),
        pytest.param(lambda: run_case(CASES["disk"], {"radios": 1}, 500), "did you mean 'radius'", id="parameter"),
        pytest.param(
            lambda: run_case(CASES["disk"], {"conductivity": -1}, 500),
            "conductivity is -1 S/m; it must lie above 0",
            id="range",
        ),
        pytest.param(lambda: run_case(CASES["hertz"], {}, 500), "does not fit into 500 unknowns", id="too few"),
    ],
)
def test_what_makes_no_sense_is_refused_with_the_reason(make, says):
    with pytest.raises(BadInput, match=says):
        make()


def _shelf() -> np.ndarray:
    """Two layers that touch along an edge only."""
    void = np.zeros((2, 2, 2), dtype=bool)
    void[0, 0], void[1, 1] = True, True
    return void


def test_the_matrix_of_a_block_is_that_of_finite_elements_on_the_same_tetrahedra():
    cells = block()
    lines = [np.concatenate([[0], np.cumsum(sizes)]) for sizes in (cells.heights, cells.depths, cells.widths)]
    mesh, of_cell = _kuhn(lines)
    basis = Basis(mesh, ElementTetP1())
    sigma = np.broadcast_to(cells.conductivity.ravel()[of_cell][:, None], basis.dx.shape)
    expected = BilinearForm(lambda u, v, w: w.sigma * dot(grad(u), grad(v))).assemble(basis, sigma=sigma)
    found = matrix_of(conductances(cells), np.ones(cells.nodes, dtype=bool), np.zeros(cells.nodes[1:]))
    assert abs(found - expected).max() < 1e-12 * abs(expected).max()


def _kuhn(lines):
    """Cut each cell along its six paths from one corner to the opposite one."""
    nodes = np.stack([axis.ravel() for axis in np.meshgrid(*lines, indexing="ij")])
    shape = [len(axis) for axis in lines]
    cells = np.indices([n - 1 for n in shape]).reshape(3, -1)
    tetrahedra = []
    for path in permutations(range(3)):
        corner = np.zeros((3, 1), dtype=int)
        corners = [np.ravel_multi_index(cells + corner, shape)]
        for axis in path:
            corner[axis] = 1
            corners.append(np.ravel_multi_index(cells + corner, shape))
        tetrahedra.append(np.stack(corners))
    return MeshTet(nodes, np.concatenate(tetrahedra, axis=1)), np.tile(np.arange(cells.shape[1]), 6)


def test_a_block_conserves_current_and_energy():
    flux = solve_block(block(), tolerance=1e-12)
    assert flux.current == pytest.approx(flux.leaving, rel=1e-8)
    assert flux.power == pytest.approx(flux.current, rel=1e-8)


def test_a_film_adds_its_resistance_to_a_uniform_block():
    uniform_block = Block(np.full((4, 3, 3), 2.0), np.full(4, 0.5), np.ones(3), np.ones(3))
    flux = solve_block(uniform_block, film=3.0)
    assert 9.0 / flux.current == pytest.approx(2.0 / 2.0 + 3.0)


def test_voids_under_the_surface_narrow_the_way():
    cells = np.ones((4, 6, 6))
    void = np.zeros(cells.shape, dtype=bool)
    void[1, 2:4, 2:4] = True
    open_way, narrowed = (solve_block(Block(cells, np.ones(4), np.ones(6), np.ones(6), void=v)) for v in (None, void))
    assert narrowed.current < open_way.current
    assert narrowed.focusing[2:4, 2:4].max() < 1 < narrowed.focusing[0, 0]


def test_butler_volmer_and_a_body_in_series_share_the_voltage():
    electrode = Kinetics(beyond(1, 1.0), 0.3, exchange=10.0, film=1e-3)
    flux = Conduction(SQUARE, uniform(100.0), {"low": ENDS["low"], "high": electrode}).solve()
    density = np.array(flux.currents["high"])
    assert float(electrode.drop(density)[0]) + float(density) / 100.0 == pytest.approx(0.3, rel=1e-9)


def test_pressure_on_the_lithium_shifts_the_overpotential_by_its_molar_volume_over_faraday():
    plain = Kinetics(beyond(1, 1.0), 0.3, exchange=10.0)
    pressed = Kinetics(
        beyond(1, 1.0), 0.3 + 0.1347, exchange=10.0, pressure=lambda places: np.full(places.shape[1:], 1e9)
    )
    currents = [
        Conduction(SQUARE, uniform(100.0), {**ENDS, "high": each}).solve().currents["high"] for each in (plain, pressed)
    ]
    assert currents[1] == pytest.approx(currents[0], rel=1e-3)


def test_a_soft_line_in_a_sheet_stores_more_energy_and_carries_less_along_itself():
    modulus = np.full((20, 21), 150e9)
    modulus[:, 10] *= 0.6
    stress = pull_sheet(modulus, 20e-9, 20e-9, 0.26, 1e8)
    assert stress.xx.mean(axis=0) == pytest.approx(1e8, rel=1e-4)  # the pull goes through every column
    assert stress.yy[10, 10] == pytest.approx(0.26 * 1e8 + 0.6 * (stress.yy[10, 0] - 0.26 * 1e8), rel=2e-2)
    assert stress.energy[10, 10] > 1.2 * stress.energy[10, 0]


def quarter(mesh: np.ndarray, jumps: tuple[Jump, ...] = (), layer: float = 0.0) -> float:
    """Resistance (ohm m) under a contact on a third of the top, of four grains of 1 m whose boundaries are layers or jumps."""
    top, bottom = Fixed(lambda own: beyond(1, 2.0)(own) & (own[0] < 0.7), 1.0), Fixed(before(1, 0.0))
    in_layer = lambda own: (abs(own - 1.0) < layer / 2).any(axis=0)  # noqa: E731
    conductivity = lambda own: np.where(in_layer(own), layer / BARRIER, 1.0)  # noqa: E731
    return Conduction(box(mesh, mesh), conductivity, {"top": top, "bottom": bottom}, jumps).solve().resistance("top")


BARRIER = 0.5
CROSS = Jump(lambda own: (abs(own - 1.0) < 1e-9).any(axis=0), BARRIER)


def test_thin_layers_come_to_what_a_jump_gives_as_they_get_thinner():
    grains = [0, 0.35, 0.7, 0.85, 1.0, 1.15, 1.3, 1.65, 2.0]
    jump = quarter(np.array(grains), (CROSS,))
    apart = []
    for layer in (4e-2, 1e-2):
        lines = np.unique([*grains[:4], 1 - layer / 2, 1.0, 1 + layer / 2, *grains[5:]])
        apart.append(abs(quarter(lines, layer=layer) / jump - 1))
    assert apart[1] < apart[0] / 2
    assert apart[1] < 5e-3


def test_a_boundary_that_ends_inside_lets_current_around_its_end():
    wall = Jump(lambda own: (abs(own[1] - 0.5) < 1e-9) & (own[0] < 0.5 + 1e-9), 1e6)
    flux = Conduction(SQUARE.refined(2), uniform(1.0), ENDS, (wall,)).solve()
    assert 1.0 < flux.resistance("high") < 2.0
    assert flux.at((0.25, 0.5), lambda own: own[1] > 0.5) - flux.at((0.25, 0.5), lambda own: own[1] < 0.5) > 0.3
    assert flux.at((0.75, 0.5)) == pytest.approx(0.5, abs=1e-6)
    assert flux.imbalance < 1e-8


@pytest.mark.parametrize(
    ("jump", "says"),
    [
        pytest.param(Jump(lambda own: abs(own[0] - 0.3) < 1e-9, 1.0), "lies on no edge inside the body", id="no edges"),
        pytest.param(
            Jump(lambda own: (abs(own[0] - 0.5) < 1e-9) & (abs(own[1] - 0.375) < 0.13), 1.0),
            "ends inside the body needs two mesh edges or more",
            id="one edge",
        ),
        pytest.param(Jump(beyond(0, 0.5), 0.0), "resistance of a boundary is 0 ohm m2", id="no resistance"),
    ],
)
def test_a_boundary_that_cannot_be_is_refused(jump, says):
    with pytest.raises(BadInput, match=says):
        Conduction(SQUARE, uniform(1.0), ENDS, (jump,)).solve()
