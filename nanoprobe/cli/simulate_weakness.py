"""`nanoprobe simulate weakness`: where a measured map should trigger first, held against where it did."""

from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nanoprobe import plugins
from nanoprobe.cli.console import print_json, say, tell
from nanoprobe.cli.working import working
from nanoprobe.errors import BadInput, StorageError
from nanoprobe.plan import parse_assignment
from nanoprobe.storage.disk import check_new_file
from nanoprobe.units import quantity

if TYPE_CHECKING:
    from nanoprobe.analysis.weakness import Weakness, WeaknessSettings
    from nanoprobe.analysis.weakness_run import Prediction

UNITS = {
    "ionic": "S/m",
    "ionic_boundary": "S/m",
    "boundary_width": "m",
    "film": "ohm m2",
    "modulus": "Pa",
    "poisson": "",
    "softening": "",
    "core": "m",
    "typical": "V",
}


def weakness(
    mapped: Annotated[Path, typer.Argument(metavar="RUN.zarr", help="run with a current map, or a prediction")],
    to: Annotated[
        Path, typer.Option("--out", metavar="RUN.zarr", help="where the prediction is written; must not exist")
    ],
    triggers: Annotated[
        Path | None,
        typer.Option(metavar="RUN.zarr", help="trigger map to hold it against, if it is not the run itself"),
    ] = None,
    modulus: Annotated[
        Path | None, typer.Option(metavar="RUN.zarr", help="run with a modulus map of the place")
    ] = None,
    assignments: Annotated[
        list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help=f"repeatable: {', '.join(UNITS)}")
    ] = None,
    picks: Annotated[
        Path | None, typer.Option(metavar="FILE.csv", help="write places to test it at (x, y in m); must not exist")
    ] = None,
    count: Annotated[int, typer.Option(min=1, help="how many places, half of them weak")] = 40,
    apart: Annotated[float, typer.Option(min=0, help="least distance between two of them (m)")] = 0.4e-6,
    as_json: Annotated[bool, typer.Option("--json", help="machine-readable output")] = False,
) -> None:
    """Predict from a measured map where dendrites trigger first: flux and stress by finite elements."""
    from nanoprobe.analysis.weakness_run import predict_at

    settings = _settings(assignments or [])
    if picks is not None:
        check_new_file(picks)
    with working("predicting") as watch:
        found = predict_at(to, mapped, triggers, modulus, settings, watch)
    if picks is not None:
        say(f"places: {picks} ({_write(found.weakness, picks, count, apart)})")
    _tell(found, to, as_json)


def _settings(assignments: list[str]) -> "WeaknessSettings":
    from nanoprobe.analysis.weakness import WeaknessSettings

    given = dict(parse_assignment(text) for text in assignments)
    known = [each.name for each in fields(WeaknessSettings)]
    for name in given:
        if name not in known:
            raise BadInput(f"a prediction has no setting '{name}'; {plugins.suggest(name, known)}")
    return WeaknessSettings(**{name: quantity(text, UNITS[name]) for name, text in given.items()})


def _write(weakness: "Weakness", path: Path, count: int, apart: float) -> str:
    """Write the places to test it at; return how many the map has room for."""
    places = weakness.picks(count, apart)
    try:
        path.write_text("x,y\n" + "".join(f"{x:.10g},{y:.10g}\n" for x, y in places), encoding="utf-8")
    except OSError as error:
        raise StorageError(f"{path} could not be written: {error.strerror or error}") from error
    room = "" if len(places) == count else "; at this distance the map has room for no more"
    return f"{len(places)} of {count}{room}"


def _tell(found: "Prediction", to: Path, as_json: bool) -> None:
    from nanoprobe.analysis.estimate import plain

    if as_json:
        return print_json({"out": str(to), "correlation": plain(found.correlation)})
    if found.correlation is None:
        return tell(f"predicted: {to} (no triggers to hold it against yet)")
    rho = found.correlation.rho
    if rho.note:
        return tell(f"predicted: {to}\nmeasured triggers do not tell whether it holds: {rho.note}")
    verdict = "the interval excludes 0" if rho.excludes(0.0) else "it does not exclude 0: no relation is shown"
    return tell(
        f"predicted: {to}\nrank correlation with {found.correlation.points} measured points: {rho.text}; {verdict}"
    )
