"""What a tip went through: who it is, how it is calibrated, how far it was dragged, what it triggered, how it checked.

A tip's record goes into every run it took part in, and is kept per tip identity in the user's data folder, so that
wear and contact history outlive a run. Simulated tips are kept apart from real ones; an unnamed tip is not kept.
"""

import hashlib
import math
import os
import re
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import platformdirs
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from nanoprobe.errors import StorageError
from nanoprobe.units import si

CHECKS_KEPT = 100
"""Contact checks kept per tip; older ones say little about the tip of today."""

CHECKS_NEEDED = 5
"""Passed checks before a spread means anything."""

_LEAST_SPREAD = 0.1
"""Least relative spread taken for 3 sigma: a handful of like values must not make every later one an outlier."""

_LARGEST_FILE = 1_000_000


class TipCheck(BaseModel):
    """One contact check: `adhesion` N, `contact_resistance` ohm (None where it was beyond reach)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    when: str
    adhesion: float | None = None
    contact_resistance: float | None = None
    passed: bool = True


class TipRecord(BaseModel):
    """The record of one tip; SI units. Each change makes a new record."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    identity: str = ""
    deflection_sensitivity: float | None = Field(default=None, gt=0, description="m/V")
    spring_constant: float | None = Field(default=None, gt=0, description="N/m")
    scanned: float = Field(default=0.0, ge=0, description="length the tip was dragged while imaging (m)")
    ramps: int = Field(default=0, ge=0, description="ramps it made")
    triggers: int = Field(default=0, ge=0, description="ramps that triggered a dendrite")
    largest_current: float = Field(default=0.0, ge=0, description="largest |current| it carried (A)")
    contaminated: bool = Field(default=False, description="it has touched plated lithium since it was last cleaned")
    blocked: str = Field(
        default="", description="why it must not be used before a contact check passes; empty when it may"
    )
    checks: tuple[TipCheck, ...] = ()
    updated: str = ""

    def after_scan(self, length: float) -> "TipRecord":
        """Return the record after `length` (m) more of scanning."""
        return self._changed(scanned=self.scanned + length)

    def after_ramp(self, peak_current: float, triggered: bool) -> "TipRecord":
        """Return the record after one more ramp; a trigger leaves lithium under the tip and so contaminates it."""
        peak = abs(peak_current) if math.isfinite(peak_current) else 0.0
        return self._changed(
            ramps=self.ramps + 1,
            triggers=self.triggers + int(triggered),
            largest_current=max(self.largest_current, peak),
            contaminated=self.contaminated or triggered,
        )

    def after_check(self, check: TipCheck, reason: str = "") -> "TipRecord":
        """Return the record after a contact check; `reason` says why it failed and blocks the tip, "" unblocks it."""
        return self._changed(checks=(*self.checks, check)[-CHECKS_KEPT:], blocked=reason)

    def without_history(self) -> "TipRecord":
        """Return the record with its checks forgotten: the tip was cleaned, changed or re-calibrated on purpose."""
        return self._changed(checks=(), blocked="", contaminated=False)

    def calibrated(self, deflection_sensitivity: float, spring_constant: float) -> "TipRecord":
        """Return the record with a calibration (m/V, N/m)."""
        return self._changed(deflection_sensitivity=deflection_sensitivity, spring_constant=spring_constant)

    def odd(self, check: TipCheck) -> str:
        """Say what of `check` lies outside 3 sigma of this tip's passed checks; "" when nothing does.

        Adhesion is compared as it is, resistance by its logarithm; fewer than CHECKS_NEEDED earlier values judge
        nothing.
        """
        passed = [earlier for earlier in self.checks if earlier.passed]
        adhesion = _odd([c.adhesion for c in passed], check.adhesion, "adhesion", "N", logarithmic=False)
        resistances = [c.contact_resistance for c in passed]
        resistance = _odd(resistances, check.contact_resistance, "contact resistance", "ohm", logarithmic=True)
        return "; ".join(text for text in (adhesion, resistance) if text)

    def _changed(self, **values: object) -> "TipRecord":
        return self.model_copy(update={**values, "updated": now()})


def now() -> str:
    """Return the present time, UTC, ISO 8601."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def _odd(earlier: list[float | None], value: float | None, name: str, unit: str, *, logarithmic: bool) -> str:
    known = [number for number in earlier if number is not None and number > 0]
    if value is None or len(known) < CHECKS_NEEDED:
        return ""
    scale = np.log if logarithmic else np.asarray
    sample = scale(np.array(known))
    mean = float(sample.mean())
    least = _LEAST_SPREAD * (1.0 if logarithmic else abs(mean))
    reach = 3 * max(float(sample.std(ddof=1)), least)
    position = float(scale(value)) if value > 0 or not logarithmic else -math.inf
    if abs(position - mean) <= reach:
        return ""
    low, high = (math.exp(mean - reach), math.exp(mean + reach)) if logarithmic else (mean - reach, mean + reach)
    expected = f"{si(max(low, 0.0), unit)} to {si(high, unit)}"
    return f"{name} {si(value, unit)} is outside 3 sigma of this tip's history ({expected})"


def default_folder() -> Path:
    """Return where tips are kept: in `NANOPROBE_STATE` where that is set, else in the user's data folder."""
    data = os.environ.get("NANOPROBE_STATE") or platformdirs.user_data_path("nanoprobe", appauthor=False)
    return Path(data) / "tips"


class TipBook:
    """The tips kept on this computer, one JSON file each.

    `folder` defaults to the user's data folder. With `keep=False` nothing is read or written: for a lab that is gone
    after the run.
    """

    def __init__(self, folder: Path | None = None, *, simulated: bool = False, keep: bool = True) -> None:
        root = folder if folder is not None else default_folder()
        self._folder = root / ("simulated" if simulated else "real")
        self._keep = keep

    def path(self, identity: str) -> Path:
        """Return the file of a tip: readable, and unlike for any two identities whatever characters they hold."""
        readable = re.sub(r"[^A-Za-z0-9]+", "-", identity).strip("-")[:40]
        digest = hashlib.sha256(identity.encode()).hexdigest()[:12]
        return self._folder / f"{readable}-{digest}.json".lstrip("-")

    def load(self, identity: str) -> TipRecord:
        """Return the record of `identity`, a new one where none is kept. Raises StorageError where it is damaged."""
        path = self.path(identity)
        if not (self._keep and identity and path.exists()):
            return TipRecord(identity=identity)
        try:
            return _read(path)
        except (OSError, ValidationError, ValueError) as error:
            raise StorageError(
                f"the record of tip '{identity}' in {path} cannot be read ({type(error).__name__}): "
                f"mend or remove the file, or give the tip another name"
            ) from error

    def save(self, record: TipRecord) -> None:
        """Keep `record`, replacing the earlier one whole. Raises StorageError when it cannot be written."""
        if not (self._keep and record.identity):
            return
        path = self.path(record.identity)
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            _write(path, record.model_dump_json(indent=1))
        except OSError as error:
            raise StorageError(
                f"the record of tip '{record.identity}' cannot be written to {path}: {error.strerror}; "
                f"free disk space or correct the folder's rights"
            ) from error


def _read(path: Path) -> TipRecord:
    if path.stat().st_size > _LARGEST_FILE:
        raise ValueError("the file is too large for a tip record")
    return TipRecord.model_validate_json(path.read_bytes())


def _write(path: Path, text: str) -> None:
    handle, temporary = tempfile.mkstemp(dir=path.parent, suffix=".part")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
