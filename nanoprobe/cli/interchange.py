"""`nanoprobe export` and `import`: files for other programs, and maps out of theirs."""

from pathlib import Path
from typing import Annotated

import typer

from nanoprobe.cli.console import tell
from nanoprobe.storage import open_run
from nanoprobe.units import si

_LOOK = {
    "csv": """python -c "import pandas; print(pandas.read_csv('{}', comment='#'))\"""",
    "gwy": "gwyddion '{}'",
    "h5": """python -c "import xarray; print(xarray.open_datatree('{}'))\"""",
}
"""What shows an export."""


def register(app: typer.Typer) -> None:
    """Add the commands to `app`."""
    app.command("export")(export)
    app.command("import")(import_file)


def export(
    run: Annotated[Path, typer.Argument(metavar="RUN.zarr", help="path of a run")],
    target: Annotated[Path, typer.Argument(metavar="PATH", help="file to write; must not exist")],
    to: Annotated[str, typer.Option("--to", metavar="csv|gwy|h5", help="tables, Gwyddion images, or everything")],
) -> None:
    """Write a run as a file for other programs: tables (csv), images (gwy), or all of it (HDF5, NetCDF 4)."""
    from nanoprobe.interchange.exporting import export_run

    with open_run(run) as opened:
        for path in export_run(opened, to, target):
            tell(f"written: {path}")
    tell(f"next: {_LOOK[to].format(target)}")


def import_file(
    source: Annotated[Path, typer.Argument(metavar="MAP", help="Nanonis .sxm, Asylum Research .ibw or Gwyddion .gwy")],
    to: Annotated[Path, typer.Option("--out", metavar="RUN.zarr", help="where the run is written; must not exist")],
) -> None:
    """Make a run of a map that another program took: to be shown, analysed, and aimed at."""
    from nanoprobe.interchange.importing import import_map

    found = import_map(source, to)
    ny, nx = found.shape
    size = f"{si(found.frame.width, 'm')} x {si(found.frame.height, 'm')}, {nx} x {ny} px"
    tell(f"{found.program}: {size}; {', '.join(found.channels)}")
    tell(f"next: nanoprobe run trigger-map --set aim=sites --set map_run={to} --out MAP.zarr")
