"""Every recording of the corpus, replayed: see `corpus.py` for what they are and how they are made."""

import importlib.util
import json
import socket
from pathlib import Path

import pytest

from nanoprobe import plugins
from nanoprobe.recording import Kind, Recording
from nanoprobe.replay import replay
from nanoprobe.replay.packing import unpacked
from nanoprobe.replay.part import Tape
from nanoprobe.replay.stage import Stage

HERE = Path(__file__).parent
LARGEST = 200_000
RUNS = sorted(HERE.glob("*/*.zip"))
CLIENTS = sorted(HERE.glob("clients/*.wire"))


@pytest.fixture(scope="module")
def corpus():
    spec = importlib.util.spec_from_file_location("replay_corpus", HERE / "corpus.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def name_of(path: Path) -> str:
    return f"{path.parent.name}/{path.stem}"


@pytest.mark.parametrize("path", RUNS, ids=name_of)
def test_a_recorded_run_replays_to_identical_data(path, tmp_path, corpus, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with unpacked(path) as run, unpacked(HERE / "procedures/galvano-growth.zip") as growth, corpus.short_deadlines():
        Path("growth.zarr").symlink_to(growth)  # what a heal's plan names
        result = replay(run, tmp_path / "replay.zarr")
    assert result.wire is None, "\n".join([str(result.wire), *map(str, result.sent_from)])
    assert result.values == []


@pytest.mark.parametrize("path", CLIENTS, ids=name_of)
def test_a_recorded_session_of_a_foreign_client_replays_to_the_same_results(path, corpus):
    client, _, _ = corpus.CLIENTS[path.stem]
    if path.stem in corpus.NOT_INSTALLED:
        pytest.importorskip(corpus.NOT_INSTALLED[path.stem])
    tape = Tape(Recording(path))
    (recorded,) = [json.loads(text.removeprefix("result ")) for _, text in tape.marks if text.startswith("result ")]
    with Stage(tape, plugins.dialect) as stage:
        result = json.loads(json.dumps(client(stage.ports[0])))
        stage.wait_for_clients()
    assert (stage.difference, stage.left()) == (None, None)
    assert result == recorded


@pytest.mark.parametrize("path", CLIENTS, ids=name_of)
def test_the_simulated_lab_answers_a_foreign_client_as_when_it_was_recorded(path, corpus):
    said = [item for item in Recording(path).items() if item.kind in (Kind.SENT, Kind.RECEIVED)]
    _, _, port = corpus.CLIENTS[path.stem]
    with corpus.lab() as running, socket.create_connection(("127.0.0.1", port(running.lab)), timeout=20) as client:
        for item in said:
            if item.kind == Kind.SENT:
                client.sendall(item.content)
            else:
                assert client.recv(len(item.content), socket.MSG_WAITALL) == item.content


def test_the_corpus_is_whole_and_small(corpus):
    made = {f"{path.parent.name}/{path.stem}" for path in (*RUNS, *CLIENTS)}
    assert set(corpus.MAKERS) | {"sessions/resumed", "procedures/galvano-growth"} == made
    assert {path.name: path.stat().st_size for path in (*RUNS, *CLIENTS) if path.stat().st_size > LARGEST} == {}


def test_every_procedure_has_a_recording(corpus):
    assert set(plugins.find("procedures")) == set(corpus.PROCEDURES)
