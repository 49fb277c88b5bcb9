"""Where things lie inside the folder of a run."""

from pathlib import Path

JOURNAL_GROUP = "journal"
"""Holds the journal while the run is not sealed. Its files lie inside an (empty) array: Zarr looks into groups only."""
RECORDS = Path(JOURNAL_GROUP, "records")
STAGING = RECORDS / "staging"
JOURNAL = RECORDS / "journal.bin"
LOCK = RECORDS / "lock"
