"""A folder of its own for the notes an app keeps of live runs and tips, so that a soak leaves the user's alone."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import TemporaryDirectory


@contextmanager
def of_its_own() -> Iterator[None]:
    """For the time of the block, and every process started in it, notes go into a folder that is dropped at its end."""
    before = os.environ.get("NANOPROBE_STATE")
    with TemporaryDirectory() as folder:
        os.environ["NANOPROBE_STATE"] = folder
        try:
            yield
        finally:
            if before is None:
                del os.environ["NANOPROBE_STATE"]
            else:
                os.environ["NANOPROBE_STATE"] = before
