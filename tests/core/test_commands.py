"""The command line's help, and what it costs."""

import subprocess
import sys

import pytest

from nanoprobe.cli.commands import ENTRIES, load


@pytest.mark.parametrize("name", ENTRIES)
def test_the_help_says_of_a_command_what_the_command_says_of_itself(name):
    assert ENTRIES[name].help == " ".join(load(name).help.split("\n\n")[0].split())


def test_the_help_lists_every_command_and_imports_no_numerics():
    code = (
        "import sys; from nanoprobe.cli.app import _status; sys.argv = ['nanoprobe', '--help']; _status(); "
        "sys.exit(', '.join({'numpy', 'zarr', 'pydantic', 'pyvisa', 'PyQt6'} & set(sys.modules)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=50)
    assert (done.returncode, done.stderr) == (0, "")
    assert all(f" {name} " in done.stdout for name in ENTRIES)
