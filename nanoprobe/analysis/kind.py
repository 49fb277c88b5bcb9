"""How runs of one procedure are analysed, and what may be chosen for it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from nanoprobe import plugins
from nanoprobe.analysis.findings import Findings
from nanoprobe.benchfile import explain
from nanoprobe.errors import BadInput
from nanoprobe.storage import Run
from nanoprobe.units import quantity


class Choices(BaseModel):
    """What may be chosen for an analysis; subclasses declare `choice` fields. Everything has a default."""

    model_config = ConfigDict(frozen=True, extra="forbid")


S = TypeVar("S", bound=Choices)


@dataclass(frozen=True, slots=True)
class Kind(Generic[S]):
    """One kind of analysis: `title` for people, `choices` for `--set`, and the function (run, choices, seed) -> Findings.

    Same run, choices and seed, same findings. The function raises BadInput where the run holds nothing to analyse.
    """

    title: str
    analyse: Callable[[Run, S, int], Findings]
    choices: type[S]


def choice(
    default: Any, unit: str | None, description: str, above: float | None = None, least: float | None = None
) -> Any:
    """Return a field of `Choices`: SI `unit` ("1" for none, None for a word); values lie above `above`, and at `least`."""
    return Field(default, description=description, json_schema_extra={"unit": unit}, gt=above, ge=least)


def choose(kind: Kind[S], given: Mapping[str, str]) -> S:
    """Return the choices that `given` (name to text with a unit) asks for. Raises BadInput for an unknown name or value."""
    fields = kind.choices.model_fields
    unknown = sorted(given.keys() - fields.keys())
    if unknown:
        raise BadInput(
            f"analysis of a {kind.title} has no setting '{unknown[0]}'; {plugins.suggest(unknown[0], fields)}"
        )
    values = {name: _value(fields[name].json_schema_extra, text) for name, text in given.items()}
    try:
        return kind.choices(**values)
    except ValidationError as error:
        raise BadInput(f"analysis of a {kind.title}: {explain(error, kind.choices)}") from None


def _value(extra: Any, text: str) -> float | str:
    unit = extra.get("unit") if isinstance(extra, dict) else None
    return text if unit is None else quantity(text, "" if unit == "1" else str(unit))


def kind_of(procedure: str) -> Kind[Any]:
    """Return how runs of `procedure` are analysed: entry point `nanoprobe.analyses` of that name. Raises BadInput."""
    known = plugins.find("analyses")
    if procedure not in known:
        raise BadInput(f"runs of '{procedure}' have no analysis; there is one for: {', '.join(sorted(known))}")
    loaded = known[procedure].load()
    if not isinstance(loaded, Kind):
        raise BadInput(f"entry point nanoprobe.analyses '{procedure}' is no kind of analysis but {loaded!r}")
    return loaded
