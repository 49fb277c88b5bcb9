"""What a run says about where it comes from: plan, bench, instruments, versions."""

import platform
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from nanoprobe.bench import Bench
from nanoprobe.plan import Plan
from nanoprobe.recording.secrets import without_secrets
from nanoprobe.storage import RunHeader

SIGN_CONVENTION = "bias = V_tip - V_counter behind the series resistor, plating negative; cathodic current negative"
_RECORDED_VERSIONS = ("nanoprobe", "numpy", "zarr", "pymeasure", "pyvisa", "pyvisa-py")


def header(plan: Plan, bench: Bench, procedure: Any) -> RunHeader:
    """Return what a run says about itself from the start."""
    parameters = plan.resolved()
    return RunHeader(
        procedure=plan.procedure,
        parameters=parameters,
        plan=plan.model_dump(mode="json"),
        plan_sha256=plan.digest(),
        bench=_without_secrets(bench.description.model_dump(mode="json")),
        simulated=bench.simulated,
        identities=bench.identities,
        versions=versions(),
        sample=plan.sample,
        operator=plan.operator,
        tip={**bench.description.tip.model_dump(mode="json"), **procedure.tip_record(bench)},
        sign_convention=SIGN_CONVENTION,
        started=datetime.now(UTC).isoformat(timespec="milliseconds"),
    )


def _without_secrets(value: Any) -> Any:
    """Return plain data with the passwords in its resource strings left out."""
    if isinstance(value, dict):
        return {name: _without_secrets(each) for name, each in value.items()}
    return without_secrets(value) if isinstance(value, str) else value


def versions() -> dict[str, str]:
    """Return the versions of this app and of what it rests on."""
    found = {"python": platform.python_version()}
    for name in _RECORDED_VERSIONS:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "unknown"
    return found
