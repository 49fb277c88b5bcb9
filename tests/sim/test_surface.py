"""The sample's surface: classes of places, and the trigger voltages they were promised."""

import dataclasses
import math

import numpy as np
import pytest

from sim_instruments.noise import Noise
from sim_instruments.preamp import preamp_noise, preamp_noise_at
from sim_instruments.sample import SAMPLES, Weibull
from sim_instruments.surface import CORE_WIDTH, Surface, SurfaceSettings, make_surface
from sim_instruments.trigger import FLOOR, Conditions, Knobs, trigger_voltage

NO_KNOBS = Knobs(leakage=0.0, softness=0.0)


def weak_surface(sample: str) -> Surface:
    """A surface whose boundaries are all as weak as the table says."""
    return make_surface(SurfaceSettings(seed=5, sample=sample, special_share=0.0, disorder=math.inf))


def places(surface: Surface, kind: str) -> list[tuple[float, float]]:
    rng = np.random.default_rng(1)
    x, y = rng.random((2, 300_000)) * surface.settings.side
    edges = surface.grains.boundaries(x, y)
    near, far = edges.distance < 2e-9, edges.second_distance > 100e-9
    chosen = {
        "interior": edges.distance > 100e-9,
        "boundary": near & far,
        "triple_junction": (edges.distance < 8e-9) & (edges.second_distance < 8e-9),
    }[kind]
    index = np.flatnonzero(chosen)[:1500]
    return list(zip(x[index].tolist(), y[index].tolist(), strict=True))


@pytest.mark.parametrize("sample", ["bare", "ppc"])
@pytest.mark.parametrize("kind", ["interior", "boundary"])
@pytest.mark.parametrize("knobs", [NO_KNOBS, Knobs()], ids=["knobs-off", "knobs-on"])
def test_median_trigger_voltage_is_the_tables(sample: str, kind: str, knobs: Knobs) -> None:
    surface = weak_surface(sample)
    table: Weibull = getattr(surface.sample, kind)
    sites = [surface.site(x, y) for x, y in places(surface, kind)]
    volts = [trigger_voltage(surface.sample, site, Conditions(), knobs) or math.inf for site in sites]
    # Standard error of a Weibull median is V/(m sqrt(n) ln 2); neighbours correlate, so n is taken as a third.
    error = table.quantile(0.5) / (table.modulus * math.sqrt(len(volts) / 3.0) * math.log(2.0))
    assert float(np.median(volts)) == pytest.approx(table.quantile(0.5), abs=3.0 * error)


def test_triple_junctions_trigger_earliest() -> None:
    surface = weak_surface("bare")
    sites = [surface.site(x, y) for x, y in places(surface, "triple_junction")]
    table = surface.sample.triple_junction
    # Their few places share few draws of the frozen field, so each is held against its own quantile.
    ratio = [
        (trigger_voltage(surface.sample, site, Conditions(), NO_KNOBS) or math.inf)
        / max(table.quantile(site.probability), FLOOR)
        for site in sites
    ]
    assert len(sites) > 5
    assert {site.kind for site in sites} == {"triple_junction"}
    assert float(np.median(ratio)) == pytest.approx(1.0, abs=0.12)


@pytest.mark.parametrize(
    ("sample", "kind", "median", "below_6"),
    [
        ("bare", "interior", 4.0, 1.00),
        ("bare", "boundary", 2.2, 1.00),
        ("bare", "triple_junction", 1.7, 1.00),
        ("ppc", "interior", 6.8, 0.15),
        ("ppc", "boundary", 6.0, 0.50),
    ],
)
def test_table_has_the_medians_and_shares_of_the_model(sample: str, kind: str, median: float, below_6: float) -> None:
    table: Weibull = getattr(SAMPLES[sample], kind)
    assert table.quantile(0.5) == pytest.approx(median, abs=0.05)
    assert -math.expm1(-((6.0 / table.scale) ** table.modulus)) == pytest.approx(below_6, abs=0.02)


@pytest.mark.parametrize(
    ("change", "ratio"),
    [
        ({"force": 500e-9}, 10.0**-0.1),
        ({"radius": 50e-9}, 2.0**-0.15),
        ({"lithium_on_tip": True}, 0.85),
        ({"rate": 5.0}, (4.2 + 0.1 * math.log(10.0)) / 4.2),
        ({"rate": 1e9}, (4.2 + 0.1 * math.log(200.0)) / 4.2),
        ({"temperature": 318.0}, (4.2 - 0.08) / 4.2),
    ],
    ids=["force", "radius", "lithium", "rate", "fastest-rate", "temperature"],
)
def test_conditions_shift_the_trigger_voltage(change: dict[str, float], ratio: float) -> None:
    surface = weak_surface("bare")
    site = dataclasses.replace(surface.site(*places(surface, "interior")[0]), boundary=0.0, triple=0.0, probability=0.5)
    before = trigger_voltage(surface.sample, site, Conditions(), NO_KNOBS)
    after = trigger_voltage(surface.sample, site, Conditions(**change), NO_KNOBS)  # type: ignore[arg-type]
    assert before is not None
    assert after == pytest.approx(before * ratio, rel=1e-9)


def test_no_trigger_within_reach_is_told_as_none() -> None:
    surface = weak_surface("ppc")
    site = dataclasses.replace(surface.site(0.0, 0.0), boundary=0.0, probability=1.0 - 1e-15)
    assert trigger_voltage(surface.sample, site, Conditions(force=1e-9), NO_KNOBS) is None


def test_same_seed_gives_the_same_surface_and_another_seed_another() -> None:
    first, again, other = (Surface(SurfaceSettings(seed=seed)).site(1e-6, 2e-6) for seed in (1, 1, 2))
    assert first == again
    assert first != other


def test_surface_repeats_without_a_seam() -> None:
    surface = make_surface(SurfaceSettings(seed=5))
    y = np.linspace(-9e-6, 9e-6, 50)
    edge = np.full(50, surface.settings.side)
    np.testing.assert_allclose(surface.height(edge - 1e-12, y), surface.height(edge * 0.0 + 1e-12, y), atol=1e-11)


def test_coating_smooths_the_boundary_but_keeps_its_class() -> None:
    bare, coated = weak_surface("bare"), weak_surface("ppc")
    x, y = places(bare, "boundary")[0]
    assert coated.site(x, y).kind == bare.site(x, y).kind == "boundary"
    assert coated.site(x, y).electronic < 0.3 * bare.site(x, y).electronic


def test_special_boundaries_count_as_interior() -> None:
    surface = make_surface(SurfaceSettings(seed=5, special_share=1.0))
    x, y = places(surface, "boundary")[0]
    assert surface.site(x, y, CORE_WIDTH).kind == "interior"


@pytest.mark.parametrize("channel", ["a", "preamp white"])
def test_noise_is_the_same_alone_and_in_an_array(channel: str) -> None:
    noise, t = Noise(7), np.arange(1000) * 1e-3
    alone = np.array([noise.normal(channel, float(moment)) for moment in t])
    np.testing.assert_allclose(noise.normals(channel, t), alone, rtol=1e-9, atol=1e-12)


def test_noise_is_standard_normal_and_white() -> None:
    values = Noise(3).normals("x", np.arange(200_000) * 1e-6)
    assert values.mean() == pytest.approx(0.0, abs=0.01)
    assert values.std() == pytest.approx(1.0, abs=0.01)
    assert float(np.mean(values[1:] * values[:-1])) == pytest.approx(0.0, abs=0.01)


def test_pink_noise_at_a_moment_does_not_depend_on_the_moments_around_it() -> None:
    noise, t = Noise(3), np.linspace(0.0, 2.0, 400)
    whole = noise.pink("p", t, 2e-3, 8)
    alone = np.concatenate([noise.pink("p", t[i : i + 1], 2e-3, 8) for i in range(len(t))])
    np.testing.assert_allclose(whole, alone, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("current", [0.0, 1e-9, -3e-10], ids=["none", "anodic", "cathodic"])
def test_one_reading_has_the_noise_it_has_in_a_line(current: float) -> None:
    noise, t = Noise(3), np.array([0.02, 1.234, 77.5])
    line = preamp_noise(noise, t, 0.01, np.full(3, current), 1e9, 50.0)
    alone = [preamp_noise_at(noise, float(moment), 0.01, current, 1e9, 50.0) for moment in t]
    assert alone == pytest.approx(line.tolist(), rel=1e-12)
