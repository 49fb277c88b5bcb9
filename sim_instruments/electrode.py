"""Bias and current at the electrode: the sources' setpoints against what the contact lets through."""

import math

from sim_instruments.circuit import Circuit
from sim_instruments.contact import Contact


def electrode(
    circuit: Circuit, contact: Contact | None, electronic: float, stray: float, lag: float
) -> tuple[float, float, bool]:
    """Return bias V_we (V), current I_we (A), and whether the compliance holds it.

    `electronic`: what conducts electrons (S); `stray`: displacement conductance (S) from the level `lag` (V).
    """
    if circuit.open:
        return 0.0, 0.0, False
    bias = circuit.bias
    current = stray * (bias - lag)
    if contact is not None:
        current += electronic * bias - contact.current(-bias)
    if abs(current) <= circuit.limit:
        return bias, current, False
    held = math.copysign(circuit.limit, current)
    return _bias_at(contact, -held - stray * lag, stray + electronic), held, True


def _bias_at(contact: Contact | None, total: float, conductance: float) -> float:
    """Return the bias V_we (V) at which `conductance` (S) and the contact together carry `total` (A, plating positive)."""
    linear = total / conductance
    if contact is None or contact.current(linear) == 0.0:
        return -linear
    if total < 0.0:
        return _stripping_bias(contact, -total, conductance)
    plating = total
    for _ in range(60):
        volts, slope = contact.volts_at(plating)
        step = (total - plating - conductance * volts) / (1.0 + conductance * slope)
        plating = max(plating + step, 0.0)
        if abs(step) <= 1e-10 * plating:
            break
    return -contact.volts_at(plating)[0]


def _stripping_bias(contact: Contact, total: float, conductance: float) -> float:
    """Return the positive bias (V) at which `conductance` (S) and stripping together carry `total` (A), by bisection."""
    low, high = 0.0, total / conductance
    for _ in range(60):
        middle = 0.5 * (low + high)
        if conductance * middle + contact.strippable_current(middle) < total:
            low = middle
        else:
            high = middle
    return high
