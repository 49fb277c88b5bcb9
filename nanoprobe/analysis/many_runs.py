"""One run or hundreds, here or in object storage: each analysed where it is read, on threads or on a dask cluster.

What comes back of a run is its findings, a few hundred kB; its ramps and images never leave the worker, and figures open the run
again. Peak memory is that of the runs being worked on at once.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import PurePosixPath

from nanoprobe.analysis.run_result import SEED, RunResult, analyse_run, short_names
from nanoprobe.errors import BadInput, Unreachable
from nanoprobe.storage import open_run

_WAIT = "10s"
"""How long a scheduler may take to answer."""


def analyse_address(address: str, given: Mapping[str, str], seed: int = SEED) -> RunResult:
    """Analyse the run at `address` (a path, or as fsspec knows them); it is closed again. Raises BadInput, StorageError."""
    with open_run(address) as run:
        return analyse_run(run, given=given, seed=seed)


def analyse_all(
    addresses: Sequence[str], given: Mapping[str, str] | None = None, scheduler: str | None = None, seed: int = SEED
) -> list[RunResult]:
    """Analyse every run, each under a short unique name, in the order given.

    `scheduler`: address of a dask.distributed scheduler ("tcp://host:8786") whose workers can read the addresses; without one,
    threads of this process. Raises BadInput where a run cannot be read or is named twice, Unreachable for a silent scheduler.
    """
    if len(set(addresses)) < len(addresses):
        raise BadInput("the same run is named twice; compare it with another one")
    analyse = partial(analyse_address, given=dict(given or {}), seed=seed)
    results = _here(analyse, addresses) if scheduler is None else _on_cluster(analyse, addresses, scheduler)
    names = short_names([PurePosixPath(one) for one in addresses], [result.provenance.sample for result in results])
    return [replace(result, name=name) for result, name in zip(results, names, strict=True)]


def _here(analyse: Callable[[str], RunResult], addresses: Sequence[str]) -> list[RunResult]:
    if len(addresses) == 1:
        return [analyse(addresses[0])]
    from dask import threaded  # here, since one run can do without the time that takes
    from dask.base import compute

    # Asked for "threads" by name, dask would import its cluster too.
    return list(compute(*_tasks(analyse, addresses), scheduler=threaded.get))


def _on_cluster(analyse: Callable[[str], RunResult], addresses: Sequence[str], scheduler: str) -> list[RunResult]:
    from distributed import Client  # here, since it takes a second that one run can do without

    try:
        client = Client(scheduler, timeout=_WAIT, set_as_default=False)
    except (OSError, ValueError) as error:
        raise Unreachable(f"no dask scheduler answers at {scheduler}: {error}") from None
    with client:
        return list(client.gather(client.compute(_tasks(analyse, addresses))))


def _tasks(analyse: Callable[[str], RunResult], addresses: Sequence[str]) -> list[object]:
    from dask.delayed import delayed

    return [delayed(analyse)(one) for one in addresses]
