"""The five packages have generic names: before an instrument is opened, make sure the ones in use are really ours."""

import importlib.util
from pathlib import Path

from nanoprobe.errors import ForeignPackage

MARKER = 'DISTRIBUTION = "nanoprobe"'
_HOME = Path(__file__).resolve().parent.parent


def check_siblings(*names: str) -> None:
    """Raise ForeignPackage unless each named package stands beside `nanoprobe` and carries our marker."""
    for name in names:
        spec = importlib.util.find_spec(name)
        origin = Path(spec.origin).resolve() if spec and spec.origin else None
        if origin is None or origin.parent.parent != _HOME or MARKER not in origin.read_text(encoding="utf-8"):
            raise ForeignPackage(
                f"the package '{name}' is {origin or 'missing'}, not nanoprobe's own beside {_HOME}: another "
                f"distribution or folder shadows it. Install nanoprobe into an environment of its own"
            )
