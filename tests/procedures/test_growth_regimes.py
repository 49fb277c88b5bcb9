"""The two laws of growth at a constant bias, as the simulated lab shows them and `nanoprobe analyze` finds them."""

import pytest

from nanoprobe.analysis.kind import choose, kind_of


def exponent(lab, **values):
    run = lab.run("chrono-growth", **values)
    kind = kind_of("chrono-growth")
    return kind.analyse(run, choose(kind, {}), 0).numbers["growth_exponent"]


@pytest.fixture
def fast(session):
    """A lab whose source-meter reads with its shortest aperture: 1,700 samples a second."""

    def start(**options):
        return session(nplc=0.01, **options)

    return start


def test_growth_limited_by_the_interface_goes_with_the_square_of_time(fast):
    found = exponent(fast(seed=3), bias=-5.0, sample_rate=1700.0, stop_current=5e-9)
    assert found.low <= 2.0 <= found.high
    assert found.value == pytest.approx(2.0, abs=0.35)


def test_growth_limited_by_spreading_under_a_coating_goes_with_the_root_of_time(fast):
    found = exponent(
        fast(seed=3, sample="ppc"), bias=-8.0, sample_rate=1700.0, stop_current=30e-9, compliance=60e-9, x=1e-6, y=1e-6
    )
    assert found.low <= 0.5 <= found.high
    assert found.value == pytest.approx(0.5, abs=0.15)
