"""Where a new run goes: a name that says day and procedure, and that nothing has yet; how a place is shown. No Qt."""

import re
from datetime import date
from pathlib import Path

from nanoprobe.errors import StorageError


class RunNames:
    """Gives out free names. Used from one thread alone, since it looks at the disk."""

    def __init__(self) -> None:
        self._given: set[Path] = set()

    def fresh(self, folder: Path, procedure: str, sample: str = "", day: date | None = None) -> Path:
        """Return a path in `folder` (made if need be) that neither exists nor was given out. Raises StorageError."""
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StorageError(f"runs cannot be kept in {folder}: {error.strerror}; choose another folder") from error
        words = [str(day or date.today()), procedure, re.sub(r"[^\w-]+", "-", sample).strip("-")[:40]]
        return self._first_free(folder, "-".join(word for word in words if word))

    def again(self, out: Path) -> Path:
        """Return a fresh path beside an earlier run's."""
        return self._first_free(out.parent, re.sub(r"-\d{3,}$", "", out.stem))

    def _first_free(self, folder: Path, stem: str) -> Path:
        number = 1
        while (path := folder / f"{stem}-{number:03d}.zarr") in self._given or path.exists():
            number += 1
        self._given.add(path)
        return path


def short(path: Path) -> str:
    """Return a path as people name it: what lies at home begins with ~."""
    home = Path.home()
    return str(Path("~") / path.relative_to(home)) if path.is_relative_to(home) else str(path)
