"""Every parser that meets bytes from outside, each with good inputs to break."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.soak import samples, wires
from drivers.nanonis_tcp_log import Frames, described
from nanoprobe.benchfile import read_bench_file
from nanoprobe.errors import NanoprobeError
from nanoprobe.plan import make_plan, parse_assignment, read_plan
from nanoprobe.recipe import read_recipe
from nanoprobe.storage import open_run
from nanoprobe.storage.attrs import header_of
from nanoprobe.storage.foreign import refuse_monsters
from nanoprobe.storage.kinds import decode
from nanoprobe.storage.ledger import Ledger
from nanoprobe.storage.places import JOURNAL
from nanoprobe.storage.reader import _attributes
from nanoprobe.storage.scan import scan_journal
from nanoprobe.storage.traffic import TrafficReader
from nanoprobe.tip_record import TipBook
from procedures.points import PointsParameter
from sim_instruments.emstat4.errors import ParseError
from sim_instruments.emstat4.parser import parse as parse_script
from sim_instruments.faults import BadFault, parse_fault

Parse = Callable[[bytes], object]
Ready = Callable[[], AbstractContextManager[Parse]]
MEMORY = "/dev/shm" if Path("/dev/shm").is_dir() else None
"""Where broken files are written: a disk would take longer for them than any parser."""
SHARE_OF_WHOLE = 0.01
"""Opening a whole run takes a hundred times as long as reading the part of it that is broken."""


@dataclass(frozen=True)
class Parser:
    """`ready` sets it up and gives what takes an input; `refusals`: the errors it may meet an input with."""

    name: str
    seeds: tuple[bytes, ...]
    ready: Ready
    refusals: tuple[type[Exception], ...] = (NanoprobeError,)
    words: tuple[bytes, ...] = ()
    share: float = 1.0
    """Part of the inputs asked for that it gets: less where each costs much."""


def _plain(parse: Parse) -> Ready:
    """Return `ready` of a parser that needs nothing."""

    @contextmanager
    def ready() -> Iterator[Parse]:
        yield parse

    return ready


def _of_file(parse: Callable[[Path], object]) -> Ready:
    """Return `ready` of a parser that reads a file."""

    @contextmanager
    def ready() -> Iterator[Parse]:
        with TemporaryDirectory(dir=MEMORY) as folder:
            file = Path(folder) / "file.toml"

            def put(made: bytes) -> None:
                file.write_bytes(made)
                parse(file)

            yield put

    return ready


def _plan(file: Path) -> None:
    make_plan(read_plan(file))


@contextmanager
def _assignment() -> Iterator[Parse]:
    procedure = make_plan({"procedure": "trigger-map"}).build()

    def put(made: bytes) -> None:
        name, value = parse_assignment(made.decode("latin-1"))
        if not value.lower().endswith((".csv", ".json")):
            procedure._set({name: value})

    yield put


def _traffic(file: Path) -> None:
    for _ in TrafficReader(file).blocks():
        pass


def _script(made: bytes) -> None:
    parse_script(made.decode("latin-1").split("\n"))


def _places(made: bytes) -> None:
    text = made.decode("latin-1")
    PointsParameter("Points", default=[]).convert("" if text.strip().lower().endswith((".csv", ".json")) else text)


def _logged(made: bytes) -> None:
    described(made)
    frames, half = Frames(samples.LOGGED_CHANNELS, samples.LOGGED_OVERSAMPLING), len(made) // 2
    frames.take(made[:half])
    frames.take(made[half:])


@contextmanager
def _tip() -> Iterator[Parse]:
    with TemporaryDirectory(dir=MEMORY) as folder:
        book = TipBook(Path(folder))
        place = book.path(samples.TIP)
        place.parent.mkdir()

        def put(made: bytes) -> None:
            place.write_bytes(made)
            book.load(samples.TIP)

        yield put


@contextmanager
def _record() -> Iterator[Parse]:
    """A record whose checksum is right, as one who writes a hostile run would see to."""
    ledgers: list[Ledger] = []

    def put(made: bytes) -> None:
        if not ledgers:
            ledgers.append(_begun())
        stamped = decode(made)
        ledgers[0].check(stamped.record)
        ledgers.pop().apply(3, stamped.at, stamped.record)

    yield put


def _begun() -> Ledger:
    """Return the ledger of a run with points and an image begun."""
    ledger = Ledger()
    for offset, good in enumerate((samples.header(), samples.LAYOUT, samples.FRAME)):
        ledger.apply(offset, 0.0, good)
    return ledger


Look = Callable[[Path], object]


@contextmanager
def _run_with(place: str, look: Look) -> Iterator[Parse]:
    """A run from elsewhere whose file at `place` is broken, and looked at."""
    with (
        TemporaryDirectory(dir=MEMORY) as folder,
        samples.run(Path(folder) / "run.zarr", sealed=place != JOURNAL) as path,
    ):
        file = path / place

        def put(made: bytes) -> None:
            file.write_bytes(made)
            look(path)

        yield put


def _whole(path: Path) -> None:
    with open_run(path) as run:
        assert run.status
        for name in ("points", "ramps", "checks", "events"):
            getattr(run, name)


def _head(path: Path) -> None:
    header_of(_attributes(path))


def _broken(place: str, look: Look, name: str, share: float = 1.0) -> Parser:
    """Return the parser that meets a run whose file at `place` is broken."""
    with (
        TemporaryDirectory(dir=MEMORY) as folder,
        samples.run(Path(folder) / "run.zarr", sealed=place != JOURNAL) as path,
    ):
        seed = (path / place).read_bytes()
    return Parser(name, (seed,), partial(_run_with, place, look), share=share)


def parsers() -> tuple[Parser, ...]:
    """Return all of them."""
    return (
        Parser("bench file", (samples.BENCH,), _of_file(read_bench_file), words=(b"[limits]\n", b"guard = 3\n")),
        Parser("plan file", (samples.PLAN,), _of_file(_plan), words=(b"[parameters]\n", b'"1 nA"', b"nx")),
        Parser("--set", samples.ASSIGNMENTS, _assignment, words=(b"nm", b"A", b"**", b"/", b"\xb5")),
        Parser("list of places", samples.PLACES, _plain(_places)),
        Parser("tip record", (samples.tip_file(),), _tip),
        Parser("fault", samples.FAULTS, _plain(lambda made: parse_fault(made.decode("latin-1"))), (BadFault,)),
        Parser("record of a run", samples.payloads(), _record),
        _broken(JOURNAL, lambda path: scan_journal(path / JOURNAL), "journal"),
        _broken("zarr.json", _head, "attributes"),
        _broken("points/x/zarr.json", lambda path: refuse_monsters(path / "points/x"), "array"),
        _broken(JOURNAL, _whole, "run opened, journal broken", SHARE_OF_WHOLE),
        _broken("zarr.json", _whole, "run opened, attributes broken", SHARE_OF_WHOLE),
        _broken("points/x/zarr.json", _whole, "run opened, array broken", SHARE_OF_WHOLE),
        Parser(
            "recipe file", (samples.RECIPE,), _of_file(read_recipe), words=(b"[[step]]\n", b"name = ", b'"@check.x"')
        ),
        Parser("recorded traffic", (samples.recording(),), _of_file(_traffic)),
        Parser("MethodSCRIPT scripts", (samples.SCRIPT,), _plain(_script), (ParseError,)),
        Parser("MethodSCRIPT packages", samples.PACKAGES, wires.potentiostat),
        Parser("SCPI commands", samples.SCPI_LINES, partial(wires.simulated, "source_meter"), ()),
        Parser("SCPI answers", samples.SCPI_ANSWERS, wires.source_meter),
        Parser("Nanonis requests", samples.NANONIS_REQUESTS, partial(wires.simulated, "probe"), ()),
        Parser("TCP logger frames", (samples.LOGGER_STREAM,), _plain(_logged)),
        Parser("Nanonis replies", samples.NANONIS_REPLIES, wires.controller),
    )
