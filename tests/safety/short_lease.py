"""The command line with leases of some seconds instead of twenty: `short_lease.py SECONDS ARGUMENTS...`."""

import sys

from nanoprobe import guarded_probe
from nanoprobe.bench import Bench
from nanoprobe.cli.app import main
from nanoprobe.guard import Guard

if __name__ == "__main__":
    seconds = float(sys.argv.pop(1))
    guarded_probe.LONGEST_COMMAND = seconds
    Guard.lease.__defaults__ = Bench.lease.__defaults__ = (seconds,)
    main()
