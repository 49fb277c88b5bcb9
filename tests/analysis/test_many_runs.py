"""Past one machine: the same numbers from threads, from two workers of a cluster, and out of object storage."""

import sys
import tracemalloc

import fsspec
import numpy as np
import pytest
from distributed import LocalCluster
from distributed.diagnostics.task_stream import TaskStreamPlugin

from nanoprobe.analysis import many_runs
from nanoprobe.analysis.comparison import compare_runs
from nanoprobe.analysis.many_runs import analyse_all
from nanoprobe.analysis.report import Results, write_report
from nanoprobe.cli.app import _status
from nanoprobe.errors import BadInput, Unreachable
from nanoprobe.geometry import Frame
from nanoprobe.records import FrameBegin, FrameLine, PointBegin, PointLayout, RampDone
from nanoprobe.roles import ScanLine, ScanPlan
from nanoprobe.storage import RunHeader, RunWriter
from tests.analysis.conftest import polycrystal


def header(procedure):
    empty = {name: {} for name in ("parameters", "plan", "bench", "identities", "versions", "tip")}
    texts = dict.fromkeys(("plan_sha256", "operator", "sample", "sign_convention", "started"), "")
    return RunHeader(procedure=procedure, simulated=True, **empty, **texts)


def stored_map(path, scale, points=12, finished=True):
    """A trigger map whose points trigger around `scale` (V)."""
    voltages = scale * np.random.default_rng(points).weibull(6.0, points)
    with RunWriter.create(path, header("trigger-map")) as writer:
        writer.record(PointLayout(np.arange(points) * 1e-6, np.zeros(points), samples=3))
        for point, volts in enumerate(voltages):
            writer.record(PointBegin(index=point, x=point * 1e-6, y=0.0))
            values = {"triggered": 1.0, "trigger_last_below": -volts, "trigger_first_above": -volts - 0.01}
            series = {name: np.zeros(2) for name in ("time", "bias", "bias_source", "current")}
            writer.record(RampDone(point=point, way="host", values=values, **series))
        writer.finish("finished" if finished else "aborted")
    return str(path)


@pytest.fixture(scope="module")
def maps(tmp_path_factory):
    folder = tmp_path_factory.mktemp("maps")
    return [
        stored_map(folder / f"{name}.zarr", scale) for name, scale in (("bare", 3.0), ("coated", 5.0), ("other", 3.1))
    ]


def data(results):
    return Results(results, compare_runs(results), 0).data()


@pytest.mark.timeout(180)
@pytest.mark.filterwarnings("ignore")  # distributed's own, as its processes come and go
def test_two_workers_of_a_cluster_give_the_numbers_of_threads_and_share_the_work(maps, monkeypatch, capsys, tmp_path):
    here = analyse_all(maps)
    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster:
        stream = TaskStreamPlugin(cluster.scheduler)
        cluster.scheduler.add_plugin(stream)
        there = analyse_all(maps, scheduler=cluster.scheduler_address)
        ran = {entry["worker"] for entry in stream.buffer}
        report = tmp_path / "r.html"
        arguments = ["nanoprobe", "analyze", *maps, "--scheduler", cluster.scheduler_address, "--report", str(report)]
        monkeypatch.setattr(sys, "argv", arguments)
        assert _status() == 0
    assert len(ran) == 2
    assert data(there) == data(here)
    assert "coated.zarr against bare.zarr (all): coated.zarr triggers at a higher voltage" in " ".join(
        capsys.readouterr().out.split()
    )
    assert report.stat().st_size > 20_000


def test_runs_in_object_storage_are_read_where_they_lie(maps, tmp_path):
    store = fsspec.filesystem("memory")
    for path in maps[:2]:
        store.put(path, f"/runs/{path.rpartition('/')[2]}", recursive=True)
    addresses = ["memory://runs/bare.zarr", "memory://runs/coated.zarr"]
    there, here = analyse_all(addresses), analyse_all(maps[:2])
    assert [run.name for run in there] == ["bare.zarr", "coated.zarr"]
    for first, second in zip(there, here, strict=True):
        assert first.findings.numbers == second.findings.numbers
        assert first.provenance.path.startswith("memory://")
    assert write_report(Results(there, compare_runs(there), 0), tmp_path / "r.html").stat().st_size > 20_000


def test_what_cannot_be_read_elsewhere_is_refused_in_one_line(tmp_path):
    store = fsspec.filesystem("memory")
    store.put(stored_map(tmp_path / "cut.zarr", 3.0, finished=False), "/runs/cut.zarr", recursive=True)
    store.pipe("/runs/other/zarr.json", b'{"node_type": "group", "attributes": {"schema": "else/9"}}')
    store.pipe("/runs/broken/zarr.json", b"{")
    for address, words in (
        ("memory://runs/cut.zarr", "is .*: elsewhere only finished runs can be read"),
        ("memory://runs/none.zarr", "does not exist, or is no run"),
        ("memory://runs/other", "its layout is 'else/9', known is 'nanoprobe-run/1'"),
        ("nonsense://runs/a.zarr", "cannot be reached"),
    ):
        with pytest.raises(BadInput, match=words):
            analyse_all([address])


def test_a_run_named_twice_and_a_silent_scheduler_are_refused(maps, monkeypatch):
    with pytest.raises(BadInput, match="named twice"):
        analyse_all([maps[0], maps[0]])
    monkeypatch.setattr(many_runs, "_WAIT", "500ms")
    with pytest.raises(Unreachable, match=r"no dask scheduler answers at tcp://127\.0\.0\.1:9"):
        analyse_all(maps, scheduler="tcp://127.0.0.1:9")


def stored_image(path):
    sample = polycrystal(pixels=256, side=5e-6, grain=1.5e-6, seed=3)
    plan = ScanPlan(frame=Frame(x=0, y=0, width=5e-6, height=5e-6), pixels=256, lines=256, line_time=1.0)
    with RunWriter.create(path, header("current-map")) as writer:
        writer.record(FrameBegin(0, plan, {"height": "m", "current": "A"}))
        for line in range(256):
            both = {"height": sample.height[line], "current": sample.current[line]}
            values = {name: np.stack([one, one]).astype(np.float32) for name, one in both.items()}
            writer.record(FrameLine(0, ScanLine(line, values)))
        writer.finish("finished")
    return path


def peak(addresses):
    tracemalloc.start()
    results = analyse_all(addresses)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return most, results


@pytest.mark.timeout(180)
def test_peak_memory_does_not_grow_with_the_number_of_runs(tmp_path):
    store = fsspec.filesystem("memory")
    path = stored_image(tmp_path / "map.zarr")
    for number in range(10):
        store.put(str(path), f"/many/{number}.zarr", recursive=True)
    addresses = [f"memory://many/{number}.zarr" for number in range(10)]
    analyse_all(addresses[:1])  # what is loaded once is loaded now
    few, _ = peak(addresses[:3])
    many, results = peak(addresses)
    assert len(results) == 10
    images = 7 * 256 * 256 * 8
    assert many - few < images / 2, "what is found in seven more runs is small beside their images"
