"""How scan, spectroscopy and data logger read signals: over an integration time, or a whole scan line at once."""

import math
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from sim_instruments.lag import lag
from sim_instruments.nanonis.codes import one_of
from sim_instruments.nanonis.preamp import FILTERS
from sim_instruments.nanonis.registry import CommandError, index_error
from sim_instruments.nanonis.signals import (
    COUNT,
    CURRENT,
    DEFLECTION,
    FORCE,
    FRICTION,
    NAMES,
    OVERLOAD,
    READOUT_NOISE,
    SAFE_TIP,
    X,
    Y,
    Z,
)

if TYPE_CHECKING:
    from sim_instruments.nanonis.controller import Controller

Floats = npt.NDArray[np.float64]


def check_signals(indexes: Iterable[int]) -> tuple[int, ...]:
    """Return signal indexes as they are; raise `CommandError` where one does not exist."""
    checked = tuple(indexes)
    for index in checked:
        if not 0 <= index < COUNT:
            raise index_error("Signal", index, COUNT)
    return checked


def check_threshold(signal: int, comparison: int) -> None:
    """Raise `CommandError` for a signal (-1: none given) or a comparison (0 to 2) that does not exist."""
    one_of(comparison, 3, "Comparison")
    if signal != -1:
        check_signals([signal])


def require_release(controller: "Controller", oldest: int, name: str) -> None:
    """Raise `CommandError` where the controller's release does not have the command `name` yet."""
    if controller.release < oldest:
        raise CommandError(f"{name} is not a function of release {controller.release}")


def integrated(controller: "Controller", index: int, seconds: float) -> float:
    """Return signal `index` now, read with the noise that is left after integrating it for `seconds`."""
    return controller.signals.read(index, 0.5 / seconds)


def line_signals(
    controller: "Controller", channels: Iterable[int], x: Floats, y: Floats, t: Floats
) -> Mapping[int, Floats]:
    """Return the signals `channels` (by index) of a scan line at scanner places x, y (m) and times t (s).

    The arrays are in the order of time, that is, from right to left for a backward line.
    """
    world, volts = controller.world, controller.deflection(1.0)
    offset_x, offset_y = controller.motion.to_world(0.0, 0.0)
    image = world.image_line(x + offset_x, y + offset_y, t)
    amplified = _filtered(controller, image.current, t)
    if controller.preamp.saturated:
        amplified = np.full(t.shape, controller.preamp.full_scale)
    current = _shown(controller, amplified)
    line = {
        X: x,
        Y: y,
        Z: image.height - controller.coarse.gap,
        CURRENT: current,
        SAFE_TIP: current,
        OVERLOAD: (np.abs(amplified) >= controller.preamp.full_scale).astype(float),
        DEFLECTION: volts * image.deflection,
        FORCE: image.deflection,
        FRICTION: volts * image.friction,
    }
    return {index: line[index] if index in line else _standing(controller, index, t) for index in channels}


def _filtered(controller: "Controller", current: Floats, t: Floats) -> Floats:
    """Return `current` behind the output filter, where it is slower than the amplifier (whose own lag is in it)."""
    cutoff = FILTERS[controller.preamp.filter_index][1]
    if math.isinf(cutoff) or len(t) < 2:
        return current
    return lag(current, math.exp(-2.0 * math.pi * cutoff * float(t[1] - t[0])))


def _shown(controller: "Controller", current: Floats) -> Floats:
    """Return what the controller shows for preamplifier currents (A): clipped at full scale, calibrated."""
    preamp = controller.preamp
    factor, offset = preamp.calibrations[preamp.gain_index]
    return np.clip(current, -preamp.full_scale, preamp.full_scale) * (preamp.gain * factor) + offset


def _standing(controller: "Controller", index: int, t: Floats) -> Floats:
    """Return a signal that the tip's way does not change: its present value, with the readout's noise."""
    true = np.full(t.shape, controller.signals.true(index))
    rms = READOUT_NOISE.get(index, 0.0)
    return true + rms * controller.world.noise_array(f"nanonis:{NAMES[index]}", t) if rms else true


def saved_file(controller: "Controller", base_name: str, number: int, extension: str) -> str:
    """Return the path (on the controller's computer) of a file saved in the session folder. Nothing is written."""
    return f"{controller.session_path}\\{base_name}{number:04d}.{extension}"
