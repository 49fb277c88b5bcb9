"""The verdict on a ramp, against ramps made here from closed formulas and against a plain loop."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nanoprobe.analysis.surge import median_of_rows
from nanoprobe.analysis.trigger import Criterion, TriggerSettings, detect, detect_map, find_triggers
from nanoprobe.errors import BadInput

LEVEL = 1e-9
INTERVAL = 0.02
STEP = 0.01


def ramp(stop=6.0, noise=1e-12, trigger=None, surge=0.03, background=None, offset=0.0, seed=0, until_trip=True):
    """A plating ramp of 10 mV each 20 ms; at |bias| `trigger` the current grows as t^2, 1 nA after `surge` s."""
    size = np.arange(0.0, stop + STEP / 2, STEP)
    time = INTERVAL * np.arange(len(size))
    current = np.random.default_rng(seed).normal(scale=noise, size=len(size)) + offset
    if background is not None:
        current -= background(size)
    if trigger is not None:
        since = np.maximum(time - trigger / 0.5, 0.0)
        current -= np.minimum(1e-9 * (since / surge) ** 2, 10e-9)
    end = len(size)
    if until_trip and (np.abs(current) > LEVEL).any():
        end = int(np.argmax(np.abs(current) > LEVEL)) + 1
    return time[:end], -size[:end], current[:end]


def soft(voltage):
    """A coated sample's smooth background: 120 pA at 6 V, e-fold 0.9 V."""
    return 120e-12 * np.sinh(voltage / 0.9) / np.sinh(6 / 0.9)


@pytest.mark.parametrize("noise", [0.0, 2e-13, 1e-12, 20e-12, 50e-12], ids=lambda n: f"{n * 1e12:g}pA")
@pytest.mark.parametrize("surge", [0.001, 0.03, 0.09], ids=["1ms", "30ms", "90ms"])
@pytest.mark.parametrize("background", [None, soft], ids=["bare", "coated"])
def test_bracket_holds_true_voltage_though_record_ends_at_first_sample_above(noise, surge, background):
    for seed, true in enumerate(np.linspace(0.8, 5.8, 12)):
        verdict = detect(*ramp(trigger=true, noise=noise, surge=surge, background=background, seed=seed))
        assert verdict.triggered
        assert -verdict.last_below - 0.05 <= true <= -verdict.first_above
        assert np.isnan(verdict.censored_at)


@pytest.mark.parametrize("noise", [0.0, 2e-13, 5e-12, 50e-12], ids=lambda n: f"{n * 1e12:g}pA")
def test_smooth_background_that_passes_level_is_censored_where_it_tripped(noise):
    for seed in range(12):
        time, bias, current = ramp(noise=noise, background=lambda v: 20 * soft(v), seed=seed)
        verdict = detect(time, bias, current)
        assert abs(current[-1]) > LEVEL
        assert not verdict.triggered
        assert verdict.censored_at == bias[-1]
        assert np.isnan([verdict.last_below, verdict.first_above, verdict.charge_after_trigger]).all()
        assert verdict.index is None


def test_background_beyond_a_low_level_is_no_trigger_on_a_coated_sample():
    verdict = detect(*ramp(noise=5e-13, background=soft, until_trip=False), TriggerSettings(level=1e-10))
    assert not verdict.triggered
    assert verdict.censored_at == pytest.approx(-6.0)


def test_surge_out_of_a_background_beyond_the_level_is_found():
    time, bias, current = ramp(noise=1e-12, background=soft, trigger=5.9, until_trip=False)
    verdict = detect(time, bias, current, TriggerSettings(level=8e-11))
    assert verdict.triggered
    assert -verdict.last_below - 0.05 <= 5.9 <= -verdict.first_above


def test_quiet_ramp_is_censored_at_its_largest_bias():
    verdict = detect(*ramp(noise=50e-12))
    assert not verdict.triggered
    assert verdict.censored_at == pytest.approx(-6.0)
    assert verdict.overshoot == 0


def test_return_leg_does_not_move_the_censoring_bias():
    size = np.concatenate([np.arange(0, 6.005, 0.01), np.arange(5.8, -0.01, -0.2)])
    time = np.concatenate([0.02 * np.arange(601), 12.02 + 0.02 * np.arange(len(size) - 601)])
    current = -1e-12 * np.gradient(size, time)
    verdict = detect(time, -size, current)
    assert verdict.censored_at == pytest.approx(-6.0)


def test_single_spike_in_the_middle_is_no_trigger_and_a_lone_last_sample_is():
    time, bias, current = ramp(noise=1e-12)
    current[300] = -5e-9
    assert not detect(time, bias, current).triggered
    assert detect(time[:301], bias[:301], current[:301]).triggered
    assert detect(time, bias, current, TriggerSettings(slope_samples=1)).index == 300


def test_samples_read_after_output_off_do_not_undo_a_trigger():
    time, bias, current = ramp(trigger=2.0)
    time, bias, current = (np.append(a, extra) for a, extra in ((time, time[-1] + 0.02), (bias, 0.0), (current, 0.0)))
    assert detect(time, bias, current).triggered


def test_shorted_contact_is_no_trigger():
    time, bias, current = ramp(noise=1e-12, background=lambda v: v / 100e6)
    assert abs(current[-1]) > LEVEL
    assert not detect(time, bias, current).triggered


@pytest.mark.parametrize(
    ("resistance", "held"), [(10e6, False), (0.0, False), (10e6, True)], ids=["known", "unknown", "clamped"]
)
def test_drop_over_series_resistor_does_not_turn_the_bracket_round(resistance, held):
    time, bias, current = ramp(trigger=2.003, surge=0.002, noise=2e-13)
    bias[-1] = -0.4 if held else bias[-1] - current[-1] * 10e6
    assert abs(bias[-1]) < abs(bias[-2])
    verdict = detect(time, bias, current, TriggerSettings(series_resistance=resistance))
    assert -verdict.last_below <= 2.003 <= -verdict.first_above
    assert -verdict.first_above == pytest.approx(2.01, abs=0.003)


def test_stripping_ramp_is_judged_like_a_plating_one():
    time, bias, current = ramp(trigger=3.0, noise=1e-12, seed=3)
    plating, stripping = detect(time, bias, current), detect(time, -bias, -current)
    assert stripping.first_above == -plating.first_above
    assert stripping.charge == -plating.charge


def test_offset_and_displacement_are_not_counted_as_charge():
    time, bias, current = ramp(noise=1e-14, offset=3e-12, background=lambda v: 0.5e-12 + 2e-12 * v)
    verdict = detect(time, bias, current)
    assert verdict.offset == pytest.approx(2.5e-12, abs=5e-14)
    assert verdict.charge == pytest.approx(-2e-12 * 6 * 12 / 2, rel=0.01)


def test_known_capacitance_removes_displacement_on_both_legs():
    size = np.concatenate([np.arange(0, 6.005, 0.01), np.arange(5.8, 0.1, -0.2)])
    time = 0.02 * np.arange(len(size))
    current = np.concatenate([[0.0], -1e-12 * np.diff(size) / 0.02])
    verdict = detect(time, -size, current, TriggerSettings(capacitance=1e-12))
    assert verdict.charge == pytest.approx(0, abs=1e-16)


def test_charge_after_trigger_and_overshoot_are_those_of_the_surge():
    time, bias, current = ramp(trigger=2.0, surge=0.02, noise=0.0, until_trip=False)
    verdict = detect(time[:210], bias[:210], current[:210])
    start = verdict.index - 1
    by_hand = sum((current[k] + current[k + 1]) / 2 * 0.02 for k in range(start, 209))
    assert verdict.charge_after_trigger == pytest.approx(by_hand)
    assert verdict.peak_current == pytest.approx(10e-9)
    assert verdict.overshoot == pytest.approx(9e-9)


def test_baseline_ratio_tells_surge_from_smooth_growth():
    assert detect(*ramp(noise=1e-13, background=soft, trigger=5.5)).baseline_ratio > 10
    assert detect(*ramp(noise=1e-13, background=lambda v: 20 * soft(v))).baseline_ratio == pytest.approx(1, abs=0.1)


@pytest.mark.parametrize("count", [0, 1, 2, 3], ids=lambda n: f"{n} samples")
def test_too_short_record_is_censored(count):
    verdict = detect(np.arange(count) * 0.02, -np.arange(count) * 0.01, np.full(count, -5e-9))
    assert not verdict.triggered
    assert np.isnan(verdict.peak_current) == (count == 0)


def test_fast_ramp_of_few_samples_is_judged():
    size = np.arange(0, 6.01, 0.2)
    current = np.where(size > 2.2, -8e-9, -10e-12)
    assert detect(0.02 * np.arange(len(size)), -size, current).triggered


def test_dense_ramp_is_judged_alike():
    size = np.arange(0, 3, 0.5 / 1700)
    time = np.arange(len(size)) / 1700
    current = np.random.default_rng(1).normal(scale=50e-12, size=len(size))
    current -= np.minimum(1e-9 * (np.maximum(time - 4.0, 0) / 0.05) ** 2, 10e-9)
    verdict = detect(time, -size, current)
    assert -verdict.last_below - 0.05 <= 2.0 <= -verdict.first_above


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"level": 0.0}, "trigger settings: level = 0.0 must be above 0"),
        ({"slope_samples": 0}, "trigger settings: slope_samples = 0 must be above 0"),
        ({"capacitance": -1e-12}, "trigger settings: capacitance = -1e-12 must not be negative"),
    ],
    ids=["level", "samples", "capacitance"],
)
def test_settings_outside_their_range_are_refused(change, text):
    with pytest.raises(BadInput, match=f"^{text}$"):
        TriggerSettings(**change)


def test_arrays_of_different_shape_are_refused():
    with pytest.raises(BadInput, match="must have one shape"):
        detect([0, 1], [0, 1, 2], [0, 1])
    with pytest.raises(BadInput, match=r"lie outside 0\.\.3 samples"):
        detect_map(np.zeros((1, 3)), np.zeros((1, 3)), np.zeros((1, 3)), [4])


def test_values_carry_stored_names_only():
    from nanoprobe.records import POINT_VALUES

    assert set(detect(*ramp(trigger=2.0)).values()) <= set(POINT_VALUES)


def padded(ramps, width):
    table = np.full((3, len(ramps), width), np.nan)
    for row, arrays in enumerate(ramps):
        for kind, values in enumerate(arrays):
            table[kind, row, : len(values)] = values
    return (*table, np.array([len(r[0]) for r in ramps]))


def plain_index(time, bias, current, level):
    """The first sample above `level` whose rise is steep and lasts, by a plain loop over samples."""
    for i in range(3, len(current)):
        if abs(current[i]) <= level:
            continue
        lag = int(np.clip(round(0.1 / np.mean(np.diff(time))), 1, max(i // 4, 1)))
        width = int(np.clip(round(0.5 / (abs(bias[i - 1] - bias[0]) / (i - 1))), 20, max(i, 20)))
        size = np.abs(current)
        rises = [size[j] - size[j - lag] for j in range(i - lag, max(i - lag - width, lag - 1), -1)]
        middle = np.median(rises)
        sigma = max(1.4826 * np.median(np.abs(rises - middle)), 0.02 * level)
        bar = size[i - lag] + max(middle, 0) + 5 * sigma
        nxt = i + 1 < len(current) and abs(bias[i + 1]) >= 0.5 * abs(bias[i - 1])
        if len(rises) >= 2 and size[i] > bar and (not nxt or size[i + 1] > bar):
            return i
    return None


cases = st.builds(
    dict,
    trigger=st.one_of(st.none(), st.floats(0.2, 5.9)),
    noise=st.sampled_from([0.0, 1e-12, 50e-12, 300e-12]),
    surge=st.floats(0.001, 0.2),
    stop=st.floats(0.05, 6.0),
    background=st.sampled_from([None, soft, lambda v: 30 * soft(v)]),
    seed=st.integers(0, 99),
    until_trip=st.booleans(),
)


@settings(max_examples=40, deadline=None)
@given(st.lists(cases, max_size=5), st.integers(1, 3), st.integers(0, 20))
def test_map_gives_each_ramp_the_answer_it_gets_alone(found, block, tail):
    ramps = [ramp(**case) for case in found]
    together = detect_map(*padded(ramps, max((len(r[0]) for r in ramps), default=0) + tail), block=block)
    assert len(together) == len(ramps)
    for number, arrays in enumerate(ramps):
        alone = detect(*arrays)
        assert together[number].index == alone.index
        # Sums over rows of another length differ in the last bits.
        for name, value in alone.values().items():
            assert together[number].values()[name] == pytest.approx(value, rel=1e-9, abs=1e-21, nan_ok=True), name


@settings(max_examples=40, deadline=None)
@given(cases)
def test_index_is_that_of_a_plain_loop(case):
    arrays = ramp(**case)
    # Without a quiet stretch no offset is removed, so that the loop sees the same current.
    assert detect(*arrays, TriggerSettings(quiet_bias=0.0)).index == plain_index(*arrays, LEVEL)


@pytest.mark.parametrize(
    ("criterion", "spike", "smooth", "surge"),
    [(Criterion.LEVEL, True, True, True), (Criterion.SLOPE, False, False, True), (Criterion.RATIO, True, False, True)],
)
def test_each_criterion_takes_its_own_for_a_trigger(criterion, spike, smooth, surge):
    settings = TriggerSettings(criterion=criterion)
    time, bias, current = ramp(noise=1e-12)
    current[300] = -5e-9
    assert detect(time, bias, current, settings).triggered == spike
    assert detect(*ramp(noise=1e-12, background=lambda v: 20 * soft(v)), settings).triggered == smooth
    assert detect(*ramp(noise=1e-12, trigger=3.0, surge=0.02), settings).triggered == surge


def test_level_alone_takes_the_first_sample_as_it_was_read():
    time, bias, current = ramp(noise=0.0, offset=-0.4e-9, background=lambda v: v * 0.2e-9, until_trip=False)
    assert detect(time, bias, current, TriggerSettings(criterion=Criterion.LEVEL)).index == int(
        np.argmax(np.abs(current) > LEVEL)
    )


@pytest.mark.parametrize("criterion", list(Criterion))
@pytest.mark.parametrize("capacitance", [0.0, 2e-12])
def test_finding_alone_agrees_with_the_whole_verdict(criterion, capacitance):
    settings = TriggerSettings(criterion=criterion, capacitance=capacitance)
    ramps = [ramp(trigger=v, noise=3e-12, offset=5e-12, seed=k) for k, v in enumerate([None, 0.3, 2.0, 5.9])]
    arrays = padded(ramps, 700)
    assert find_triggers(*arrays, settings).tolist() == detect_map(*arrays, settings).index.tolist()
    assert find_triggers(*padded([], 0)).tolist() == []


@pytest.mark.parametrize("count", [1, 2, 5, 8], ids=["one", "two", "odd", "even"])
def test_median_of_rows_is_numpys_own_and_nan_where_there_is_nothing(count):
    values = np.random.default_rng(count).normal(size=(4, 9))
    values[:, count:] = np.nan
    assert median_of_rows(values).tolist() == np.nanmedian(values, axis=1).tolist()
    assert np.isnan(median_of_rows(np.full((1, 3), np.nan))).all()
