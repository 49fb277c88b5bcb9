"""The bench file: which instruments stand on the bench, how they are wired, and its hard limits. TOML, unknown keys refused."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from nanoprobe.atmosphere import AtmosphereTable
from nanoprobe.errors import BadInput
from nanoprobe.limits import Limits
from nanoprobe.plugins import driver, suggest
from nanoprobe.wiring import CurrentReading, Side, Source, Wiring

ROLES = ("source_meter", "probe", "potentiostat")
MAX_BYTES = 1_000_000


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class WiringTable(_Table):
    """`[bench.wiring]`."""

    bias_source: Source = Field(Source.SOURCE_METER, description="which instrument biases: source_meter or probe")
    bias_applied_to: Side = Field(Side.SAMPLE, description="the electrode the bias is applied to: tip or sample")
    current_reading: CurrentReading = Field(CurrentReading.BOTH, description="source_meter, preamp or both")
    series_resistance: float = Field(10e6, ge=0, le=1e9, description="between source and electrode (ohm)")


class BenchTable(_Table):
    """`[bench]`."""

    name: str = Field(min_length=1, description="how runs name this bench")
    simulated: bool = Field(False, description="true for a simulated lab; stored in every run")
    guard: bool = Field(
        True, description="run a guard process beside the app that makes the bench safe when the app dies"
    )
    record: bool = Field(False, description="keep the whole wire traffic of every instrument in each run")
    wiring: WiringTable = WiringTable()


class InstrumentTable(BaseModel):
    """`[instruments.<role>]`: driver, resource, and that driver's own options beside them."""

    model_config = ConfigDict(frozen=True, extra="allow")

    driver: str = Field(description="entry-point name of the driver")
    resource: str = Field(min_length=1, description="VISA resource string")

    @property
    def options(self) -> dict[str, Any]:
        """The driver's own options as written."""
        return dict(self.__pydantic_extra__ or {})


class TipTable(_Table):
    """`[tip]`: the tip that is mounted; its record is kept under this identity."""

    identity: str = Field("unnamed tip", min_length=1, description="what is written on the tip's box")
    coating: str = Field("PtIr", description="conducting coating")
    radius: float = Field(25e-9, gt=0, le=1e-5, description="nominal radius (m)")


class BenchFile(_Table):
    """A whole bench."""

    bench: BenchTable
    limits: Limits = Limits()
    tip: TipTable = TipTable()
    atmosphere: AtmosphereTable = AtmosphereTable()
    instruments: Mapping[str, InstrumentTable]

    @property
    def wiring(self) -> Wiring:
        """The wiring as the rest of the app uses it."""
        return Wiring(**self.bench.wiring.model_dump())

    @property
    def biases(self) -> bool:
        """Whether a tip is biased on this bench; one with a potentiostat alone has neither tip nor wiring."""
        return set(self.instruments) != {"potentiostat"}


def read_bench_file(path: Path) -> BenchFile:
    """Read and check a bench file. Raises BadInput with one line naming file, key and what is allowed."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise BadInput(f"bench file {path}: larger than {MAX_BYTES} bytes, this is no bench file")
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise BadInput(
            f"bench file {path}: cannot be read ({error.strerror}); give a TOML file or the name 'demo'"
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadInput(f"bench file {path}: no valid TOML: {error}") from None
    return parse_bench(raw, f"bench file {path}")


def parse_bench(raw: Mapping[str, Any], where: str) -> BenchFile:
    """Check the content of a bench file, drivers' options included. Raises BadInput."""
    try:
        bench = BenchFile.model_validate(raw)
    except ValidationError as error:
        raise BadInput(f"{where}: {explain(error, BenchFile)}") from None
    _check_roles(bench, where)
    for role, table in bench.instruments.items():
        _check_driver(role, table, where)
    return bench


def _check_roles(bench: BenchFile, where: str) -> None:
    for role in bench.instruments:
        if role not in ROLES:
            raise BadInput(f"{where}: [instruments.{role}] is no role; {suggest(role, ROLES)}")
    if not bench.instruments:
        raise BadInput(f"{where}: there is no [instruments.…]; a bench needs at least one instrument")
    if bench.atmosphere.sensors() and "probe" not in bench.instruments:
        raise BadInput(f"{where}: [atmosphere] sensors are read at the controller, but there is no [instruments.probe]")
    if bench.biases:
        _check_wiring(bench, where)


def _check_wiring(bench: BenchFile, where: str) -> None:
    wired = bench.wiring.bias_source.value
    if wired not in bench.instruments:
        raise BadInput(f"{where}: bias_source is '{wired}' but there is no [instruments.{wired}]")
    reading = bench.wiring.current_reading
    if reading in (CurrentReading.PREAMP, CurrentReading.BOTH) and "probe" not in bench.instruments:
        raise BadInput(f"{where}: current_reading is '{reading}' but there is no [instruments.probe] with a preamp")


def _check_driver(role: str, table: InstrumentTable, where: str) -> None:
    try:
        chosen = driver(table.driver)
    except BadInput as error:
        raise BadInput(f"{where}: [instruments.{role}] {error}") from None
    if chosen.role != role:
        raise BadInput(f"{where}: [instruments.{role}] driver '{table.driver}' is a {chosen.role}, not a {role}")
    try:
        chosen.options.model_validate(table.options)
    except ValidationError as error:
        raise BadInput(f"{where}: [instruments.{role}] {explain(error, chosen.options)}") from None


def explain(error: ValidationError, model: type[BaseModel]) -> str:
    """Say the first thing wrong with some input in one line: key, what is wrong, what is allowed."""
    errors = error.errors(include_url=False)
    # A key with a typo is missing under its right name as well: the typo says more.
    first = next((each for each in errors if each["type"] == "extra_forbidden"), errors[0])
    place = ".".join(str(part) for part in first["loc"]) or "(top)"
    if first["type"] == "extra_forbidden":
        known = _fields_at(model, first["loc"][:-1])
        return f"{place!r} is unknown; {suggest(str(first['loc'][-1]), known)}"
    if first["type"] == "missing":
        return f"'{place}' is missing"
    return f"'{place}': {first['msg']}, not {first['input']!r:.80}"


def _fields_at(model: type[BaseModel], path: tuple[int | str, ...]) -> list[str]:
    for part in path:
        field = model.model_fields.get(str(part))
        if field is None or not (isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel)):
            return []
        model = field.annotation
    return list(model.model_fields)
