"""Where a run's numbers come from, and with which trigger test they were made."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from nanoprobe.analysis.trigger import TriggerSettings
from nanoprobe.storage import Run


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """What a run says about itself; `trigger_test` are the settings it was judged with (SI), empty where it does not say."""

    path: str
    status: str
    procedure: str
    sample: str
    operator: str
    simulated: bool
    started: str
    ended: str
    bench: str
    instruments: Mapping[str, str]
    tip: Mapping[str, Any]
    versions: Mapping[str, str]
    plan_sha256: str
    sign_convention: str
    parameters: Mapping[str, Any]
    trigger_test: Mapping[str, float | str]


def provenance_of(run: Run) -> Provenance:
    """Return the provenance of an opened run."""
    head = run.header
    settings = stored_settings(run)
    return Provenance(
        path=run.address,
        status=run.status,
        procedure=head.procedure,
        sample=head.sample,
        operator=head.operator,
        simulated=head.simulated,
        started=head.started,
        ended=str(run.attrs.get("ended") or ""),
        bench=str(dict(head.bench).get("bench", {}).get("name", "")),
        instruments=dict(head.identities),
        tip=dict(head.tip),
        versions=dict(head.versions),
        plan_sha256=head.plan_sha256,
        sign_convention=head.sign_convention,
        parameters=dict(head.parameters),
        trigger_test={} if settings is None else asdict(settings),
    )


def stored_settings(run: Run) -> TriggerSettings | None:
    """Return the trigger test a run was judged with while it was measured; None where it does not say.

    Change it with `dataclasses.replace` for `of_run.judge_again`.
    """
    given = dict(run.header.parameters)
    wiring = dict(run.header.bench).get("bench", {}).get("wiring", {})
    names = {"level": "trip_current", "slope_sigmas": "slope_sigmas", "slope_samples": "slope_samples"}
    if not all(name in given for name in names.values()) or "series_resistance" not in wiring:
        return None
    chosen = {field: given[name] for field, name in names.items()}
    return TriggerSettings(**chosen, series_resistance=float(wiring["series_resistance"]))
