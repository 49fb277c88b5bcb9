"""Plans kept on disk as TOML that `nanoprobe run --from` takes too: saved ones by name, and the last ones run. No Qt."""

import hashlib
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tomlkit

from nanoprobe.errors import BadInput, StorageError
from nanoprobe.plan import Plan, make_plan, read_plan

MOST_RECENT = 20
"""Recent plans that are kept."""
_UNFIT = re.compile(r"[^\w\- .()+]")


@dataclass(frozen=True, slots=True)
class ShelvedPlan:
    """A plan on disk: what it is called, where it is."""

    name: str
    path: Path


@dataclass(frozen=True, slots=True)
class Shelf:
    """What there is: `saved` by name, `recent` newest first."""

    saved: tuple[ShelvedPlan, ...] = ()
    recent: tuple[ShelvedPlan, ...] = ()


class PlanShelf:
    """Plans in `folder`; every method reads or writes disk."""

    def __init__(self, folder: Path) -> None:
        self._saved = folder / "saved"
        self._recent = folder / "recent"

    def contents(self) -> Shelf:
        """Return what there is."""
        saved = sorted(self._saved.glob("*.toml"), key=lambda path: path.stem.lower())
        recent = sorted(self._recent.glob("*.toml"), key=lambda path: path.stat().st_mtime_ns, reverse=True)
        return Shelf(
            tuple(ShelvedPlan(path.stem, path) for path in saved),
            tuple(ShelvedPlan(_without_hash(path.stem), path) for path in recent),
        )

    def save(self, name: str, plan: Plan) -> Path:
        """Keep `plan` as `name`; one of that name is replaced. Raises BadInput for a name no file can have."""
        name = name.strip().removesuffix(".toml")
        if not name or name.startswith(".") or _UNFIT.search(name):
            raise BadInput(f"'{name}' cannot name a plan: use letters, digits, blanks and - _ . ( ) +")
        return write_plan(self._saved / f"{name}.toml", plan)

    def remove(self, shelved: ShelvedPlan) -> None:
        """Take a plan off the shelf."""
        shelved.path.unlink(missing_ok=True)

    def used(self, plan: Plan) -> None:
        """Remember that `plan` was run."""
        digest = hashlib.sha256(plan_text(plan).encode()).hexdigest()[:12]
        path = write_plan(
            self._recent / f"{plan.procedure} {plan.sample or 'no sample'} {digest}.toml".replace("/", "-"), plan
        )
        os.utime(path)
        for old in self.contents().recent[MOST_RECENT:]:
            self.remove(old)


def load_plan(path: Path) -> Plan:
    """Return the plan in a file. Raises BadInput with one line."""
    return make_plan(read_plan(path), f"plan {path}")


def write_plan(path: Path, plan: Plan) -> Path:
    """Write `plan` so that no half-written file is ever left. Raises StorageError."""
    fresh = path.with_suffix(".new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh.write_text(plan_text(plan), encoding="utf-8")
        fresh.replace(path)
    except OSError as error:
        raise StorageError(f"the plan could not be written to {path}: {error.strerror}") from error
    return path


def plan_text(plan: Plan) -> str:
    """Return `plan` as TOML."""
    raw: dict[str, Any] = plan.model_dump(mode="json", exclude_defaults=True)
    return tomlkit.dumps({"procedure": plan.procedure, "bench": plan.bench, **raw})


def _without_hash(stem: str) -> str:
    return stem.rpartition(" ")[0] or stem
