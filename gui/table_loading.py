"""A stored table as the view of tables takes it: its latest rows, as many as are drawn. Called in the reading thread."""

from typing import TYPE_CHECKING, Literal, cast

import numpy as np

from gui.table_model import LiveTable
from nanoprobe.records import ColumnInfo, InnerAxis, TableBegin

if TYPE_CHECKING:
    import xarray as xr


def load_table(dataset: "xr.Dataset") -> LiveTable:
    """Read the latest rows of one of a run's tables."""
    attrs = dataset.attrs
    dim = str(attrs["dim"])
    found = {str(name): variable for name, variable in dataset.variables.items()}
    columns = {name: _info(variable) for name, variable in found.items() if variable.dims[0] == dim}
    coords = {name: _axis(variable) for name, variable in found.items() if name not in columns}
    begin = TableBegin(name=str(attrs["table"]), dim=dim, columns=columns, coords=coords, meaning=str(attrs["meaning"]))
    table = LiveTable(begin)
    rows = dataset.sizes[dim]
    table.load({name: dataset[name][max(0, rows - table.most(name)) :].values for name in columns}, rows)
    return table


def _info(variable: "xr.Variable") -> ColumnInfo:
    kind = cast(Literal["f8", "c16", "i4", "u1"], variable.dtype.str[1:])
    return ColumnInfo(
        str(variable.attrs.get("units", "1")),
        str(variable.attrs.get("long_name", "")),
        kind,
        tuple(str(dim) for dim in variable.dims[1:]),
    )


def _axis(variable: "xr.Variable") -> InnerAxis:
    attrs = variable.attrs
    values = np.asarray(variable.values, dtype=np.float64)
    return values, str(attrs.get("units", "1")), str(attrs.get("long_name", ""))
