"""A predicted weakness map as a run of its own: the maps on the measured grid, and the measured triggers beside them."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nanoprobe.analysis.correlation import Correlation
from nanoprobe.analysis.estimate import plain
from nanoprobe.analysis.measured_fields import fields_of, modulus_map
from nanoprobe.analysis.of_run import map_image, place_of, places_on_map, verdicts_of
from nanoprobe.analysis.strengths import Strengths, strengths_of
from nanoprobe.analysis.weakness import Weakness, WeaknessSettings, held_against, predict
from nanoprobe.errors import BadInput
from nanoprobe.physics.solving import Watch, unwatched
from nanoprobe.provenance import SIGN_CONVENTION, versions
from nanoprobe.records import ColumnInfo, FrameBegin, FrameLine, TableBegin, TableRows
from nanoprobe.roles import Array, ScanLine, ScanPlan
from nanoprobe.storage import Run, RunHeader, RunWriter, check_new, open_run

PROCEDURE = "weakness"
CHANNELS: Mapping[str, str] = {
    "predicted_trigger": "V",
    "electron_focusing": "1",
    "ion_focusing": "1",
    "stored_energy": "1",
}
FIELDS: Mapping[str, str] = {
    "predicted_trigger": "voltage",
    "electron_focusing": "electrons",
    "ion_focusing": "ions",
    "stored_energy": "energy",
}
"""Channel to field of `Weakness`."""
COLUMNS: Mapping[str, ColumnInfo] = {
    "x": ColumnInfo("m", "place on the map"),
    "y": ColumnInfo("m", "place on the map"),
    "predicted": ColumnInfo("V", "predicted trigger voltage, NaN outside the map"),
    "withstood": ColumnInfo("V", "largest measured |bias| without a trigger"),
    "triggered": ColumnInfo("V", "measured |bias| of the trigger, inf where none came"),
}
TABLE = "held_against"


@dataclass(frozen=True, slots=True)
class Prediction:
    """A weakness map, and how it compares with measured triggers where there are some.

    `parameters`: of `WeaknessSettings`; `made_from`: paths of the runs with the `map`, the `modulus` and the `triggers`.
    """

    weakness: Weakness
    correlation: Correlation | None
    parameters: Mapping[str, Any]
    made_from: Mapping[str, str | None]


@dataclass(frozen=True, slots=True)
class Beside:
    """Measured triggers beside the prediction: `places` on the map (m, shape (n, 2)), `predicted` (V), measured `strengths`."""

    places: Array
    predicted: Array
    strengths: Strengths


def predict_at(
    out: Path,
    mapped: Path,
    triggers: Path | None = None,
    modulus: Path | None = None,
    settings: WeaknessSettings | None = None,
    watch: Watch = unwatched,
) -> Prediction:
    """Predict from the runs at these paths, store it as a run at `out`, and return it; arguments as for `predict_run`.

    Without `triggers` it is held against the points of the mapped run itself, if it has any. Raises BadInput, StorageError.
    """
    check_new(out)
    with ExitStack() as stack:
        first, tried, soft = (
            None if path is None else stack.enter_context(open_run(path)) for path in (mapped, triggers, modulus)
        )
        assert first is not None
        if tried is not None and not tried.points_committed:
            raise BadInput(f"{tried.path} holds no measured triggers: give --triggers a trigger map with points")
        tried = tried or (first if first.points_committed else None)
        found = predict_run(first, tried, soft, settings or WeaknessSettings(), watch)
        store(found, out, first, tried)
    return found


def predict_run(
    mapped: Run,
    triggers: Run | None,
    modulus: Run | None,
    settings: WeaknessSettings,
    watch: Watch = unwatched,
) -> Prediction:
    """Return the prediction of the map in `mapped`, held against the points of `triggers`.

    `modulus`: a run with a modulus map of the same place. A run that is a prediction itself is taken as it is. Raises BadInput
    where a run lacks what is needed, or is a prediction and shall be changed.
    """
    if mapped.header.procedure == PROCEDURE:
        _check_unchanged(mapped, modulus, settings)
        weakness, parameters = stored_weakness(mapped), mapped.header.parameters
        sources = dict(mapped.header.extra["made_from"])
    else:
        weakness, parameters = _predicted(mapped, modulus, settings, watch), asdict(settings)
        sources = {"map": _path(mapped), "modulus": _path(modulus)}
    correlation = None if triggers is None else held_against(weakness, triggers)
    return Prediction(weakness, correlation, parameters, {**sources, "triggers": _path(triggers)})


def _path(run: Run | None) -> str | None:
    return None if run is None else str(run.path)


def _check_unchanged(prediction: Run, modulus: Run | None, settings: WeaknessSettings) -> None:
    if modulus is not None or settings != WeaknessSettings():
        raise BadInput(
            f"{prediction.path} is a prediction already, with its settings and modulus: to change them, predict anew from "
            f"{prediction.header.extra['made_from']['map']}"
        )


def stored_weakness(run: Run) -> Weakness:
    """Return the maps of a run that `store` has written."""
    frame = run.frames[0]
    maps = {name: np.asarray(frame[channel].values[0], dtype=np.float64) for channel, name in FIELDS.items()}
    return Weakness(frame=place_of(frame), **maps)


def stored_beside(run: Run) -> Beside | None:
    """Return the measured triggers that `store` has written beside the maps; None where there were none to write."""
    table = run.tables.get(TABLE)
    if table is None:
        return None
    x, y, predicted, withstood, triggered = (np.asarray(table[name].values, dtype=np.float64) for name in COLUMNS)
    return Beside(np.column_stack([x, y]), predicted, Strengths(withstood, triggered))


def _predicted(mapped: Run, modulus: Run | None, settings: WeaknessSettings, watch: Watch) -> Weakness:
    image = map_image(mapped)
    if image is None or image.current is None:
        raise BadInput(
            f"{mapped.path} holds no current map: take one with `nanoprobe run current-map`, or with map_first=true"
        )
    shape = (image.current.shape[0], image.current.shape[1])
    measured = None if modulus is None else modulus_map(modulus, image.frame, shape)
    fields = fields_of(image, measured, settings.modulus, settings.softening, settings.core)
    return predict(fields, settings, watch)


def store(prediction: Prediction, path: Path, mapped: Run, triggers: Run | None) -> None:
    """Write a prediction as a run at `path`. Raises BadInput where that exists, StorageError where the disk refuses."""
    check_new(path)
    weakness = prediction.weakness
    with RunWriter.create(path, _header(prediction, mapped)) as writer:
        ny, nx = weakness.voltage.shape
        plan = ScanPlan(frame=weakness.frame, pixels=nx, lines=ny, line_time=0.0, channels=tuple(CHANNELS))
        writer.record(FrameBegin(0, plan, CHANNELS, "prediction"))
        for index in range(ny):
            writer.record(FrameLine(0, ScanLine(index, dict(_line(weakness, index)))))
        if triggers is not None:
            writer.record(
                TableBegin(name=TABLE, dim="point", columns=COLUMNS, meaning="measured triggers and predicted ones")
            )
            writer.record(TableRows(table=TABLE, values=_columns(weakness, triggers)))
        writer.finish("finished")


def _header(prediction: Prediction, mapped: Run) -> RunHeader:
    found = {"correlation": plain(prediction.correlation), "made_from": dict(prediction.made_from)}
    return RunHeader(
        procedure=PROCEDURE,
        parameters=dict(prediction.parameters),
        plan={},
        plan_sha256="",
        bench=mapped.header.bench,
        simulated=mapped.simulated,
        identities={},
        versions=versions(),
        sample=mapped.header.sample,
        operator=mapped.header.operator,
        tip=mapped.header.tip,
        sign_convention=SIGN_CONVENTION,
        started=datetime.now(UTC).isoformat(timespec="milliseconds"),
        extra=found,
    )


def _line(weakness: Weakness, index: int) -> Iterator[tuple[str, NDArray[np.float32]]]:
    for channel, name in FIELDS.items():
        row: Array = getattr(weakness, name)[index : index + 1]
        yield channel, np.repeat(row, 2, axis=0).astype(np.float32)


def _columns(weakness: Weakness, triggers: Run) -> dict[str, Array]:
    strengths, chosen = strengths_of(verdicts_of(triggers.points))
    places = places_on_map(triggers.points)[chosen]
    return {
        "x": places[:, 0],
        "y": places[:, 1],
        "predicted": weakness.at(places),
        "withstood": strengths.lower,
        "triggered": strengths.upper,
    }
