"""The main job again in a real window: an X server of its own, where there is one. CI installs it (`.ci/run`)."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

JOB = Path(__file__).with_name("test_main_job.py")


@pytest.fixture
def display() -> Iterator[str]:
    """A display of an X server that ends with the test; skipped where none is installed."""
    server = shutil.which("Xvfb")
    if server is None:
        pytest.skip("no Xvfb here: install it (Debian: xvfb) to run the app in a real window")
    process = subprocess.Popen(
        [server, "-displayfd", "1", "-screen", "0", "1600x1000x24", "-nolisten", "tcp"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    yield f":{process.stdout.readline().strip()}"
    process.terminate()
    process.wait(10)
    process.stdout.close()


@pytest.mark.timeout(600)
@pytest.mark.parametrize("hand", ["keyboard", pytest.param("mouse", marks=pytest.mark.slow)])
def test_the_main_job_in_a_real_window(display: str, hand: str) -> None:
    environment = {**os.environ, "DISPLAY": display, "QT_QPA_PLATFORM": "xcb"}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", "-k", hand, str(JOB)]
    done = subprocess.run(command, env=environment, cwd=JOB.parents[2], capture_output=True, text=True, timeout=580)
    if "Could not load the Qt platform plugin" in done.stderr + done.stdout:
        pytest.skip("Qt finds no X libraries here: install libxcb-cursor0 and its like (see .ci/run)")
    assert done.returncode == 0, done.stdout[-3000:]
