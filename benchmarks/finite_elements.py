"""Flux through a cube with a well conducting filament: ours beside plain scikit-fem, in one run. Docs: reference/speed.md.

Run: python benchmarks/finite_elements.py [--most 1000000] [--rounds 1]. Each case is a process of its own, for its peak memory.
Plain scikit-fem: MeshTet.init_tensor, ElementTetP1, one assembly, then scipy's spsolve (small) or pyamg's smoothed aggregation
behind conjugate gradients. All solve to a relative residual of 1e-8.
"""

import argparse
import json
import math
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from statistics import median

import numpy as np

CONTRAST = 1e6
TOLERANCE = 1e-8
DIRECT_MOST = 20_000


def cube(nodes: int) -> np.ndarray:
    """Return conductivities of the cells of a cube with `nodes` along an edge and a filament through it."""
    cells = np.ones((nodes - 1,) * 3, dtype=np.float32)
    middle = slice(nodes // 2 - 1, nodes // 2 + 1)
    cells[:, middle, middle] = CONTRAST
    return cells


def ours(nodes: int) -> float:
    from nanoprobe.physics.voxels import Block, solve_block

    sizes = np.full(nodes - 1, 1 / (nodes - 1))
    return solve_block(Block(cube(nodes), sizes, sizes, sizes), tolerance=TOLERANCE).current


def _plain(nodes: int, solve: Callable) -> float:
    from skfem import Basis, BilinearForm, ElementTetP1, MeshTet, condense
    from skfem.helpers import dot, grad

    line = np.linspace(0, 1, nodes)
    mesh = MeshTet.init_tensor(line, line, line)
    basis = Basis(mesh, ElementTetP1())
    z, y, x = (np.minimum((mesh.p[i, mesh.t].mean(axis=0) * (nodes - 1)).astype(int), nodes - 2) for i in (2, 1, 0))
    sigma = np.broadcast_to(cube(nodes)[z, y, x].astype(float)[:, None], basis.dx.shape)
    matrix = BilinearForm(lambda u, v, w: w.sigma * dot(grad(u), grad(v))).assemble(basis, sigma=sigma)
    top, bottom = mesh.p[2] > 1 - 1e-9, mesh.p[2] < 1e-9
    potential = top.astype(float)
    a, b, potential, free = condense(matrix, x=potential, D=np.flatnonzero(top | bottom))
    potential[free] = solve(a, b)
    return float(potential @ (matrix @ potential))


def plain_direct(nodes: int) -> float:
    from scipy.sparse.linalg import spsolve

    return _plain(nodes, spsolve)


def plain_multigrid(nodes: int) -> float:
    from pyamg import smoothed_aggregation_solver
    from scipy.sparse.linalg import cg

    def solve(matrix, load):
        levels = smoothed_aggregation_solver(matrix.tocsr(), symmetry="symmetric")
        found, info = cg(matrix, load, rtol=TOLERANCE, maxiter=500, M=levels.aspreconditioner())
        assert info == 0
        return found

    return _plain(nodes, solve)


METHODS = {"ours": ours, "scikit-fem + spsolve": plain_direct, "scikit-fem + pyamg": plain_multigrid}


def measure(method: str, nodes: int) -> dict:
    """Run one case in a process of its own; CPU seconds of the case alone, peak memory of the process."""
    command = [sys.executable, __file__, "--case", method, str(nodes)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return json.loads(done.stdout.splitlines()[-1])


def case(method: str, nodes: int) -> None:
    import pyamg  # noqa: F401  imports are not what is measured
    import scipy.sparse.linalg  # noqa: F401
    import skfem  # noqa: F401

    import nanoprobe.physics.voxels  # noqa: F401

    wall, cpu = time.perf_counter(), time.process_time()
    current = METHODS[method](nodes)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(json.dumps({"current": current, "wall": wall, "cpu": cpu, "memory": memory, "dofs": nodes**3}))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--most", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--case", nargs=2)
    options = parser.parse_args()
    if options.case:
        case(options.case[0], int(options.case[1]))
    else:
        table(options.most, options.rounds)


def table(most: int, rounds: int) -> None:
    print(
        "| method | dofs | CPU s | wall s | peak GB | CPU, x plain with pyamg |\n| --- | --- | --- | --- | --- | --- |"
    )
    ours_cpu = {}
    for nodes in (22, 46, 100):
        if nodes**3 > most:
            break
        methods = [m for m in METHODS if m != "scikit-fem + spsolve" or nodes**3 < DIRECT_MOST]
        runs = {m: [] for m in methods}
        for _ in range(rounds):
            for method in methods:
                runs[method].append(measure(method, nodes))
        cpu = {m: median(r["cpu"] for r in runs[m]) for m in methods}
        ours_cpu[nodes**3] = cpu["ours"]
        for method in methods:
            wall, memory = (median(r[k] for r in runs[method]) for k in ("wall", "memory"))
            ratio = cpu[method] / cpu["scikit-fem + pyamg"]
            print(
                f"| {method} | {nodes**3:,} | {cpu[method]:.2f} | {wall:.2f} | {memory:.2f} | {ratio:.2f} |", flush=True
            )
        currents = [runs[m][0]["current"] for m in methods]
        assert np.allclose(currents, currents[0], rtol=1e-5), currents
    sizes = sorted(ours_cpu)[-2:]
    if len(sizes) == 2:
        growth = math.log(ours_cpu[sizes[1]] / ours_cpu[sizes[0]]) / math.log(sizes[1] / sizes[0])
        print(f"\nours grows with an exponent of {growth:.2f} from {sizes[0]:,} to {sizes[1]:,}")


if __name__ == "__main__":
    main()
