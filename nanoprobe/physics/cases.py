"""All named cases, by kind and name."""

import difflib
from collections.abc import Callable, Mapping

from nanoprobe.errors import BadInput
from nanoprobe.physics.body_cases import BODY_CASES
from nanoprobe.physics.case import Case, Result
from nanoprobe.physics.flux_cases import FLUX_CASES
from nanoprobe.physics.forecast import Progress, Step
from nanoprobe.physics.jump_cases import JUMP_CASES
from nanoprobe.physics.manufactured import MANUFACTURED
from nanoprobe.physics.mechanics_cases import MECHANICS_CASES

CASES: Mapping[str, Case] = {
    case.name: case for case in (*FLUX_CASES, *JUMP_CASES, *BODY_CASES, *MECHANICS_CASES, *MANUFACTURED)
}


def find_case(kind: str, name: str) -> Case:
    """Return the case of that kind and name. Raises BadInput, with the names there are."""
    names = [case.name for case in CASES.values() if case.kind == kind]
    if name not in names:
        close = difflib.get_close_matches(name, names, n=1)
        hint = f"did you mean '{close[0]}'?" if close else f"there are: {', '.join(names)}"
        raise BadInput(f"no {kind} case '{name}'; {hint}")
    return CASES[name]


def run_case(
    case: Case,
    given: Mapping[str, str | float],
    dofs: int,
    tolerance: float = 0.0,
    watch: Callable[[Step], None] = lambda step: None,
) -> Result:
    """Return the result on the coarsest mesh whose estimated error is within `tolerance`, or on the finest within `dofs`.

    `watch` hears of each mesh that is solved, with the time left as far as it can be known.
    """
    if dofs < 1:
        raise BadInput(f"{dofs} unknowns are none; take a thousand or more")
    last, progress = None, Progress(dofs, tolerance)
    for last in case.levels(case.values(given), dofs):
        watch(progress.step(last.dofs, last.estimated_error))
        if last.estimated_error <= tolerance:
            break
    if last is None:
        raise BadInput(
            f"case {case.name} does not fit into {dofs} unknowns: its coarsest mesh is too coarse for its contact; allow more"
        )
    return last
