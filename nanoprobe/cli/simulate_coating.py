"""`nanoprobe simulate coating`: how much a layer evens out flux and stress, as a chart and in numbers."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich import box
from rich.table import Table

from nanoprobe.cli.console import out, print_json, say
from nanoprobe.cli.working import working
from nanoprobe.errors import BadInput
from nanoprobe.storage.disk import check_new_file
from nanoprobe.units import quantity, si

if TYPE_CHECKING:
    from nanoprobe.physics.coating import Evenness


def coating(
    thickness: Annotated[
        str, typer.Option(help="thicknesses, separated by commas")
    ] = "20 nm,50 nm,100 nm,200 nm,500 nm",
    conductivity: Annotated[str, typer.Option(help="ionic conductivities")] = "1e-3 S/m,1e-2 S/m,0.1 S/m",
    modulus: Annotated[str, typer.Option(help="Young's moduli")] = "0.1 GPa,1 GPa,10 GPa",
    chart: Annotated[Path | None, typer.Option(metavar="FILE.png", help="draw the chart; must not exist")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="machine-readable output")] = False,
) -> None:
    """Bare against coated: flux and stress at a notch on a boundary, for layers of any thickness, conductivity and modulus."""
    from nanoprobe.physics.coating import Coating, Section, compare

    thicknesses, conductivities, moduli = (
        _values(text, unit) for text, unit in ((thickness, "m"), (conductivity, "S/m"), (modulus, "Pa"))
    )
    if chart is not None:
        check_new_file(chart)
    base = Coating(conductivity=conductivities[len(conductivities) // 2], modulus=moduli[len(moduli) // 2])
    with working("bare against coated") as watch:
        found = list(compare(Section(), base, thicknesses, conductivities, moduli, watch))
    if chart is not None:
        _draw(found, chart)
        say(f"chart: {chart}")
    if as_json:
        print_json([asdict(each) for each in found])
    else:
        _show(found)


def _values(text: str, unit: str) -> list[float]:
    values = [quantity(each.strip(), unit) for each in text.split(",")]
    for value in values:
        if not value > 0:
            raise BadInput(
                f"a layer of {si(value, unit)} is none; thickness, conductivity and modulus must be positive"
            )
    return values


def _draw(found: "list[Evenness]", chart: Path) -> None:
    from nanoprobe.physics.coating_chart import draw

    try:
        draw(found).savefig(chart, dpi=150)
    except (OSError, ValueError) as error:
        raise BadInput(f"the chart {chart} could not be written: {error}") from None


def _show(found: "list[Evenness]") -> None:
    table = Table(box=box.SIMPLE, pad_edge=False)
    for heading in ("thickness", "conductivity", "modulus", "flux: largest / mean", "stress: tension / pressure"):
        table.add_column(heading)
    for each in found:
        layer = each.coating
        words = ("bare", "", "") if layer is None else _words(layer.thickness, layer.conductivity, layer.modulus)
        table.add_row(*words, f"{each.focusing:.3g}", f"{each.tension:.3g}")
    out.print(table)


def _words(thickness: float, conductivity: float, modulus: float) -> tuple[str, str, str]:
    return si(thickness, "m"), si(conductivity, "S/m"), si(modulus, "Pa")
