"""Holds the open bench. `open` and `close` run in the bench's thread; `bench` may be looked at from any."""

from contextlib import ExitStack

from nanoprobe.bench import Bench, bench_file, open_description
from nanoprobe.benchfile import read_bench_file
from nanoprobe.errors import BadInput
from nanoprobe.siblings import check_siblings


class BenchKeeper:
    """At most one open bench."""

    def __init__(self) -> None:
        self.bench: Bench | None = None
        self._stack = ExitStack()

    def open(self, where: str, pace: float | None) -> Bench:
        """Close the present bench and open another; `pace` where the bench is a simulated lab that takes one.

        Raises what `open_bench` raises.
        """
        self.close()
        check_siblings("drivers")
        options = {} if pace is None else {"pace": pace}
        with ExitStack() as stack:
            path = stack.enter_context(bench_file(where, **options))
            self.bench = stack.enter_context(open_description(read_bench_file(path)))
            self._stack = stack.pop_all()
        return self.bench

    def opened(self) -> Bench:
        """Return the bench. Raises BadInput without one."""
        if self.bench is None:
            raise BadInput("no bench is open: open one first")
        return self.bench

    def close(self) -> None:
        """Put the bench into the safe state and give its instruments back; nothing without a bench."""
        bench, stack = self.bench, self._stack
        self._stack = ExitStack()
        if bench is not None:
            bench.safe_state("the app leaves the bench")
            self.bench = None
        stack.close()
