"""A contact check: what force, adhesion, resistance and noise say about tip and contact."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from nanoprobe.analysis.force_curve import Indenter, Lever, fit_curve
from nanoprobe.bench import Bench
from nanoprobe.errors import BadInput
from nanoprobe.records import CheckDone
from nanoprobe.roles import Array, CurvePlan
from nanoprobe.tip_record import TipCheck, now
from nanoprobe.units import si
from procedures.adhesion import PullOff, PullOffMeter
from procedures.contact import LIFT, Contact

READINGS = 50
"""Readings at each test bias."""

LEAST_CLEARANCE, CLEARANCE = 5e-9, 3.0
"""The curve that looks for the snap-in begins this high (m), or so many heights of the pull-off."""
CURVE_SAMPLES, CURVE_TIME = 500, 0.5
SNAP_SIGMAS = 3.0
"""A snap-in counts when it is this many standard uncertainties."""

_SIGNIFICANT = 5.0
"""A current counts when it is this many standard errors above zero."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckPlan:
    """`x`, `y` m; `bias` V (tested at both signs); `compliance` A; `dwell` s; `largest_resistance` ohm, inf for none."""

    x: float
    y: float
    bias: float
    compliance: float
    dwell: float
    largest_resistance: float = math.inf


@dataclass(frozen=True, slots=True)
class Electrical:
    """`resistance` ohm (NaN where no current was seen), `noise` A rms, `open_circuit` V (NaN likewise)."""

    resistance: float
    noise: float
    open_circuit: float


def check_contact(
    lab: Bench, contact: Contact, plan: CheckPlan, watch: Callable[[], None], meter: PullOffMeter
) -> CheckDone:
    """Check the contact at the plan's place; the tip is in contact without bias afterwards.

    Raises ContactLost when the tip does not come down.
    """
    force = contact.go(plan.x, plan.y)
    electrical = _measure(lab, plan, watch)
    pulled = meter.measure(lab.probe, lambda: _land_again(lab, contact))
    _land_again(lab, contact)
    snap_in = measure_snap_in(lab, contact, pulled, watch)
    values = {
        "x": plan.x,
        "y": plan.y,
        "force": force,
        "snap_in": snap_in,
        "adhesion": pulled.adhesion,
        "adhesion_uncertainty": pulled.uncertainty,
        "contact_resistance": electrical.resistance,
        "current_noise": electrical.noise,
        "open_circuit_voltage": electrical.open_circuit,
    }
    reason = _too_resistive(electrical.resistance, plan)
    return CheckDone(not reason, values, reason)


def measure_snap_in(lab: Bench, contact: Contact, pulled: PullOff, watch: Callable[[], None]) -> float:
    """Return the force (N, negative) at which the tip jumps into contact, by a force curve no deeper than the setpoint.

    NaN where no jump stands out of the noise: a stiff lever is drawn in steadily.
    """
    height = max(LEAST_CLEARANCE, CLEARANCE * pulled.height)
    plan = CurvePlan(lift=height, depth=0.0, force=contact.force, samples=CURVE_SAMPLES, duration=CURVE_TIME)
    curve = lab.probe.force_curve(plan, watch)
    calibration = lab.probe.calibration
    lever = Lever(sensitivity=calibration.deflection_sensitivity, spring_constant=calibration.spring_constant)
    try:
        fit = fit_curve(curve, lever, Indenter(radius=lab.description.tip.radius))
    except BadInput:
        return math.nan
    return fit.snap_in if -fit.snap_in > SNAP_SIGMAS * fit.snap_in_error else math.nan


def _land_again(lab: Bench, contact: Contact) -> None:
    """Bring the tip down where it hangs after a retraction; from a height known to be clear of the surface."""
    lab.probe.lift(LIFT)
    lab.probe.land(contact.force)


def as_tip_check(done: CheckDone) -> TipCheck:
    """Return a check as the tip's record keeps it."""
    return TipCheck(
        when=now(),
        adhesion=_known(done.values["adhesion"]),
        contact_resistance=_known(done.values["contact_resistance"]),
        passed=done.passed,
    )


def _known(value: float) -> float | None:
    return None if math.isnan(value) else value


def _measure(lab: Bench, plan: CheckPlan, watch: Callable[[], None]) -> Electrical:
    try:
        up = _read_at(lab, plan.bias, plan, watch)
        down = _read_at(lab, -plan.bias, plan, watch)
    finally:
        lab.source.off()
    return evaluate(up, down)


def _read_at(lab: Bench, bias: float, plan: CheckPlan, watch: Callable[[], None]) -> tuple[Array, Array]:
    watch()
    lab.source.hold(bias, plan.compliance)
    lab.probe.wait(plan.dwell)
    watch()
    return lab.source.read_many(READINGS)


def evaluate(up: tuple[Array, Array], down: tuple[Array, Array]) -> Electrical:
    """Return what readings (bias V, current A) at two opposite biases say: a line through both.

    The difference of the two cancels the offset of the reading and leaves the contact's conductance; where it is
    not `_SIGNIFICANT`, the contact carries less than can be seen and resistance and V_oc are NaN.
    """
    noise = float(np.sqrt((up[1].var() + down[1].var()) / 2))
    step_bias = float(up[0].mean() - down[0].mean())
    step_current = float(up[1].mean() - down[1].mean())
    error = noise * math.sqrt(2 / len(up[1]))
    if abs(step_current) <= _SIGNIFICANT * error or step_current * step_bias <= 0:
        return Electrical(math.nan, noise, math.nan)
    resistance = step_bias / step_current
    middle_bias = float(up[0].mean() + down[0].mean()) / 2
    middle_current = float(up[1].mean() + down[1].mean()) / 2
    return Electrical(resistance, noise, middle_bias - middle_current * resistance)


def _too_resistive(resistance: float, plan: CheckPlan) -> str:
    if math.isinf(plan.largest_resistance):
        return ""
    limit = si(plan.largest_resistance, "ohm")
    if math.isnan(resistance):
        return f"no current flows on the reference pad at {si(plan.bias, 'V')}; less than {limit} was expected"
    if resistance > plan.largest_resistance:
        return f"the reference pad reads {si(resistance, 'ohm')}; less than {limit} was expected"
    return ""
