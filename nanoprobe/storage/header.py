"""Records that only storage itself writes: what the run is, that it was taken up again, that it ended."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

STATUSES = ("finished", "aborted", "failed", "interrupted")
"""How a run can end; "running" is the state of a run with a live writer."""


@dataclass(frozen=True)
class RunHeader:
    """What a run says about itself; all values JSON. Becomes the attributes of the run's root group.

    `started` UTC, ISO 8601; `identities` instrument role to its own words (`*IDN?`); `plan_sha256` of the canonical
    plan; `simulated` True where no real sample was measured.
    """

    procedure: str
    parameters: Mapping[str, Any]
    plan: Mapping[str, Any]
    plan_sha256: str
    bench: Mapping[str, Any]
    simulated: bool
    identities: Mapping[str, str]
    versions: Mapping[str, str]
    sample: str
    operator: str
    tip: Mapping[str, Any]
    sign_convention: str
    started: str
    extra: Mapping[str, Any] = field(default_factory=dict)
    """Anything else worth keeping, under names of its own."""


@dataclass(frozen=True, slots=True)
class Resumed:
    """The run was taken up again by a new process; points begun before it are interrupted for good."""


@dataclass(frozen=True, slots=True)
class Finished:
    """The run ended with `status` (one of STATUSES) and, where it did not end well, the reason."""

    status: str
    reason: str = ""
