"""The tip at work: its record is read when a run starts, grows with every scan and ramp, and is kept at the end."""

from nanoprobe.bench import Bench
from nanoprobe.errors import ContactLost
from nanoprobe.tip_record import TipBook, TipCheck, TipRecord
from nanoprobe.units import si

UNNAMED = frozenset({"", "unnamed tip"})
EMBEDDED = "demo"
"""The bench whose lab, tip included, is gone after the run: nothing is kept of it."""


class TipLog:
    """Holds the newest record of the tip in use."""

    def __init__(self, book: TipBook, record: TipRecord) -> None:
        self._book = book
        self.record = record

    @classmethod
    def open(cls, lab: Bench, tip: str, bench: str) -> "TipLog":
        """Return the log of `tip`, or of the tip the bench file names where `tip` is empty."""
        identity = tip or lab.description.tip.identity
        book = TipBook(lab.tip_folder, simulated=lab.simulated, keep=identity not in UNNAMED and bench != EMBEDDED)
        return cls(book, _with_calibration(lab, book.load(identity)))

    def check_usable(self) -> None:
        """Raise ContactLost when the last contact check of this tip failed."""
        if self.record.blocked:
            raise ContactLost(
                f"tip '{self.record.identity}' failed its last contact check ({self.record.blocked}): pass a "
                f"contact-check first, with new_history=true if the tip was cleaned or exchanged"
            )

    def scanned(self, length: float) -> None:
        """Add `length` (m) of imaging."""
        self.record = self.record.after_scan(length)

    def ramped(self, peak_current: float, triggered: bool) -> None:
        """Add a ramp with its largest |current| (A)."""
        self.record = self.record.after_ramp(peak_current, triggered)

    def checked(self, check: TipCheck, reason: str) -> None:
        """Add a contact check; `reason` says why it failed, empty when it passed."""
        self.record = self.record.after_check(check, reason)
        self.save()

    def forget_history(self) -> None:
        """Start the tip's checks anew."""
        self.record = self.record.without_history()

    def save(self) -> None:
        """Keep the record."""
        self._book.save(self.record)

    def describe(self) -> str:
        """Say in one line what this tip went through."""
        record = self.record
        state = "contaminated" if record.contaminated else "clean"
        return (
            f"'{record.identity}' ({state}): {si(record.scanned, 'm')} scanned, {record.ramps} ramps, "
            f"{record.triggers} triggers, at most {si(record.largest_current, 'A')}"
        )


def _with_calibration(lab: Bench, record: TipRecord) -> TipRecord:
    """Return the record with the calibration of the bench file, where it gives one: it belongs to the mounted lever."""
    probe = lab.description.instruments.get("probe")
    sensitivity, stiffness = (
        probe.options.get(name) if probe else None for name in ("deflection_sensitivity", "spring_constant")
    )
    return record if sensitivity is None or stiffness is None else record.calibrated(sensitivity, stiffness)
