"""Critical current density: between the last step that a cell bore and the first that shorted it."""

import math
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from nanoprobe.analysis import area_resistance
from nanoprobe.analysis.estimate import Estimate
from nanoprobe.analysis.findings import Findings, Plot, Table
from nanoprobe.analysis.impedance import direct_resistance
from nanoprobe.analysis.kind import Choices, Kind, choice
from nanoprobe.errors import BadInput
from nanoprobe.roles import Array
from nanoprobe.units import si

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

    from nanoprobe.storage import Run

NAME = "critical_current_density"
METHOD = "bracket of the staircase"


class StaircaseChoices(Choices):
    """What `nanoprobe analyze --set` may change."""

    short_share: float = choice(
        0.5, "1", "a spectrum's resistance below this share of the one before is a short", above=0
    )


@dataclass(frozen=True, slots=True)
class Staircase:
    """Steps in order: `density` A/m2, `voltage` V (mean of |V|), `shorted`; shape (n,) each. `ended`: why, in words."""

    density: Array
    voltage: Array
    shorted: "np.ndarray[tuple[int], np.dtype[np.bool_]]"
    ended: str


def staircase_of(run: "Run", short_share: float) -> Staircase:
    """Return the steps of a run, each half-cycle's verdict and the spectra's taken together. Raises BadInput."""
    table = run.tables.get("half_cycles")
    if table is None or not table.sizes["half_cycle"]:
        raise BadInput("the run holds no half-cycle")
    step = np.asarray(table["step"].values)
    steps = np.unique(step)
    density = np.array([table["current_density"].values[step == one][0] for one in steps])
    voltage = np.array([np.nanmean(np.abs(table["voltage_mean"].values[step == one])) for one in steps])
    shorted = np.array([bool(np.any(table["shorted"].values[step == one])) for one in steps])
    for one in _shorted_by_spectrum(run.tables.get("spectra"), short_share):
        shorted |= steps == one
    return Staircase(density, voltage, shorted, _why(table, bool(shorted.any())))


def _shorted_by_spectrum(spectra: "xr.Dataset | None", share: float) -> list[int]:
    if spectra is None:
        return []
    found, before = [], math.nan
    for one in range(spectra.sizes["spectrum"]):
        row = spectra.isel(spectrum=one)
        kept = np.asarray(row["kept"].values) > 0
        now = direct_resistance(np.asarray(row["frequency"].values)[kept], np.asarray(row["impedance"].values)[kept])
        if now < share * before:
            found.append(int(row["step"]))
        before = now
    return found


def _why(table: "xr.Dataset", shorted: bool) -> str:
    if shorted:
        return "it shorted"
    if table["contact_lost"].values.any():
        return "contact was lost"
    return "the voltage limit was reached" if table["cut_off"].values.any() else "the last step was borne"


def critical_density(stairs: Staircase) -> Estimate:
    """Return the critical current density (A/m2): the middle of the bracket, which is its interval; open without a short.

    >>> stairs = Staircase(np.array([1.0, 2.0, 3.0]), np.ones(3), np.array([False, False, True]), "it shorted")
    >>> critical_density(stairs).value, critical_density(stairs).low, critical_density(stairs).high
    (2.5, 2.0, 3.0)
    """
    if not stairs.shorted.any():
        low = float(
            stairs.density[-1] if stairs.ended == "the last step was borne" else _borne(stairs, len(stairs.density) - 1)
        )
        return Estimate(
            value=math.nan, low=low, high=math.inf, unit="A/m^2", method=METHOD, note=f"no short: {stairs.ended}"
        )
    first = int(np.argmax(stairs.shorted))
    low, high = _borne(stairs, first), float(stairs.density[first])
    return Estimate(value=(low + high) / 2, low=low, high=high, unit="A/m^2", method=METHOD)


def _borne(stairs: Staircase, first: int) -> float:
    return float(stairs.density[first - 1]) if first > 0 else 0.0


def analyse(run: "Run", choices: StaircaseChoices, seed: int) -> Findings:
    """Return what a staircase shows."""
    stairs = staircase_of(run, choices.short_share)
    critical = critical_density(stairs)
    asr, spectrum = area_resistance.or_unknown(run, slice(0, 1))
    parts: list[Table | Plot] = [
        _table(stairs),
        Plot(title="Staircase", caption=_CAPTION, draw=partial(_draw, run, stairs)),
    ]
    if spectrum is not None:
        parts += [area_resistance.circuit_table(spectrum.circuit), area_resistance.nyquist(spectrum)]
    return Findings(
        numbers={NAME: critical, area_resistance.NAME: asr},
        concluded=(_sentence(critical, stairs), *([area_resistance.sentence(asr)] if spectrum is not None else [])),
        parts=tuple(parts),
        methods={
            NAME: "Middle of the last step without and the first with a short; the interval is that bracket: it says how finely "
            "the stairs are cut, not how cells scatter. It depends on the charge of a half-cycle.",
            area_resistance.NAME: area_resistance.METHOD_SENTENCE + " First spectrum, before any current.",
        },
        details=stairs,
    )


_CAPTION = "Voltage of every half-cycle over the charge passed; the short, where there is one, is the last."


def _sentence(found: Estimate, stairs: Staircase) -> str:
    if math.isnan(found.value):
        return f"No short up to {found.low / 10:.3g} mA/cm2: {stairs.ended}."
    return f"The critical current density lies between {found.low / 10:.3g} and {found.high / 10:.3g} mA/cm2."


def _table(stairs: Staircase) -> Table:
    rows = [
        (si(float(density), "A/m^2"), si(float(voltage), "V"), "short" if shorted else "borne")
        for density, voltage, shorted in zip(stairs.density, stairs.voltage, stairs.shorted, strict=True)
    ]
    return Table(
        title="Steps", headings=("current density", "mean |voltage|", "verdict"), rows=tuple(rows), brief=(0, 1, 2)
    )


def _draw(run: "Run", stairs: Staircase) -> "Figure":
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.8, 4.6), layout="constrained")
    above, below = figure.subplots(2, sharex=True, height_ratios=(2, 1))
    series = run.tables["series"]
    time, current = (np.asarray(series[name].values) for name in ("time", "current"))
    passed = np.cumsum(np.abs(np.where(np.diff(time, prepend=0) > 0, np.diff(time, prepend=0), time) * current))
    area = float(run.header.parameters["area"])
    above.plot(passed / area, series["voltage"].values, lw=0.7, color="#1F5FA8")
    below.plot(passed / area, current / area, lw=0.7, color="#C4571B")
    above.set_ylabel("voltage (V)")
    below.set(ylabel="current density\n(A/m²)", xlabel="charge passed, both ways (C/m²)")
    return figure


KIND = Kind(title="critical current density", analyse=analyse, choices=StaircaseChoices)
