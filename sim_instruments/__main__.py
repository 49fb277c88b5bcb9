"""`python -m sim_instruments serve`: the simulated lab as a program."""

import argparse
import asyncio
import contextlib
import logging
import os
import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn, TextIO

from sim_instruments.bench_file import may_write
from sim_instruments.faults import KINDS, BadFault, FaultSpec, parse_fault
from sim_instruments.lab import Lab, LabSettings
from sim_instruments.nanonis.controller import RELEASES, ControllerSettings
from sim_instruments.pellet import CellSettings
from sim_instruments.trigger import Knobs
from sim_instruments.world import WorldSettings


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """Say in one line what is wrong."""
        self.exit(2, f"{self.prog}: {message}; `nanoprobe sim serve --help` says what is allowed\n")


def parser() -> argparse.ArgumentParser:
    """Return the command line of the simulated lab."""
    top = _Parser(prog="nanoprobe sim", description="The simulated lab, on loopback, until it is told to stop.")
    serve = top.add_subparsers(dest="command", required=True).add_parser("serve", help="serve a lab")
    add = serve.add_argument
    add("--seed", type=int, default=0, help="same seed and commands give the same data")
    add("--pace", type=_pace, default=1.0, help="simulated seconds a wall second; 0 is as fast as it can")
    add("--sample", choices=("bare", "ppc"), default="bare")
    add("--cell", choices=("symmetric", "lfp"), default="symmetric", help="what is clipped to the potentiostat")
    add("--pty", action="store_true", help="the potentiostat is a pseudo-terminal instead of a TCP port")
    add(
        "--physics",
        choices=("table", "fem"),
        default="table",
        help="trigger voltages by a table of classes, or derived from the fields around each place by finite elements (bare)",
    )
    add("--leakage", type=float, default=Knobs.leakage, help="V less for every decade of electronic leakage; 0: none")
    add(
        "--softness",
        type=float,
        default=Knobs.softness,
        help="power of the local stiffness in the trigger voltage; 0: none",
    )
    add(
        "--bench-file",
        type=Path,
        help="write the bench file that reaches this lab here; only one of an earlier simulated lab is replaced",
    )
    add(
        "--truth-file",
        type=Path,
        help="write what is true here, a JSON line each: the cell's drawn values, then the trigger voltage of every "
        "biased contact",
    )
    add("--bias-source", choices=("source_meter", "probe"), default="source_meter")
    add("--bias-applied-to", choices=("sample", "tip"), default="sample")
    add("--series-resistance", type=float, default=10e6, help="ohm")
    add("--release", type=int, choices=RELEASES, default=13742, help="real-time release of the AFM controller")
    add(
        "--single-client", action="store_true", help="the source-meter takes one client only and has a dead-socket port"
    )
    add("--host", default="127.0.0.1", help="address to listen on; anything but loopback lets others in")
    add(
        "--fault",
        type=_fault,
        action="append",
        default=[],
        metavar="SPEC",
        help="put a fault in (repeatable): INSTRUMENT:KIND[=VALUE][@command=N|@time=T|@match=TEXT][,for=N][,seed=S], "
        f"INSTRUMENT source_meter, probe or potentiostat, KIND one of {', '.join(KINDS)}",
    )
    add("--log-file", type=Path, help="write every change of outputs, biases, tip and clients here, a JSON line each")
    add("--until-stdin-closes", action="store_true", help="stop when standard input ends")
    return top


def _pace(text: str) -> float:
    value = float(text)
    if not 0 <= value <= 1e6:
        raise argparse.ArgumentTypeError(f"{text} is not between 0 and 1e6")
    return value


def _fault(text: str) -> FaultSpec:
    try:
        return parse_fault(text)
    except BadFault as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until SIGINT, SIGTERM or the end of standard input. Return the exit status."""
    options = parser().parse_args(arguments)
    if options.physics == "fem" and options.sample != "bare":
        parser().error("--physics fem is for --sample bare: what a coating leaks and yields is not known")
    if options.bench_file and not may_write(options.bench_file):
        parser().error(f"--bench-file {options.bench_file} exists and is not a simulated lab's: choose another name")
    logging.basicConfig(level=logging.WARNING)
    if options.host not in ("127.0.0.1", "localhost", "::1"):
        sys.stderr.write(f"nanoprobe sim: listening on {options.host}: everyone who reaches it can use this lab\n")
    try:
        with contextlib.ExitStack() as stack:
            truth, log = (_opened(stack, path) for path in (options.truth_file, options.log_file))
            asyncio.run(_serve(Lab(_settings(options), truth, log), options))
    except FileExistsError as error:
        sys.stderr.write(f"nanoprobe sim: {error.filename} exists; choose another name, nothing was changed\n")
        return 2
    except OSError as error:
        sys.stderr.write(f"nanoprobe sim: {error.strerror or error}: {error.filename or options.host}\n")
        return 2
    return 0


def _opened(stack: contextlib.ExitStack, path: Path | None) -> TextIO | None:
    return stack.enter_context(path.open("x", encoding="utf-8")) if path else None


def _settings(options: argparse.Namespace) -> LabSettings:
    return LabSettings(
        world=WorldSettings(
            seed=options.seed,
            sample=options.sample,
            bias_applied_to=options.bias_applied_to,
            series_resistance=options.series_resistance,
            cell=CellSettings(kind=options.cell),
            physics=options.physics,
            knobs=Knobs(options.leakage, options.softness),
        ),
        controller=ControllerSettings(release=options.release),
        pace=options.pace,
        host=options.host,
        bias_source=options.bias_source,
        single_client=options.single_client,
        pty=options.pty,
        faults=tuple(options.fault),
    )


async def _serve(lab: Lab, options: argparse.Namespace) -> None:
    await lab.start()
    if options.bench_file:
        lab.write_bench_file(options.bench_file)
    where = f"bench file {options.bench_file}" if options.bench_file else f"ports {lab.ports}"
    sys.stdout.write(f"simulated lab ({options.sample}, seed {options.seed}, pace {options.pace:g}): {where}\n")
    sys.stdout.flush()
    await _told_to_stop(options.until_stdin_closes)
    await lab.stop()


async def _told_to_stop(until_stdin_closes: bool) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        with contextlib.suppress(NotImplementedError):  # Windows' loop has no signal handlers; Ctrl-C raises there
            loop.add_signal_handler(number, stop.set)
    if until_stdin_closes:
        _stop_at_end_of_input(loop, stop)
    await stop.wait()


def _stop_at_end_of_input(loop: asyncio.AbstractEventLoop, stop: asyncio.Event) -> None:
    def wait() -> None:
        while os.read(sys.stdin.fileno(), 4096):
            pass
        loop.call_soon_threadsafe(stop.set)

    threading.Thread(target=wait, name="stdin", daemon=True).start()


if __name__ == "__main__":
    sys.exit(main())
