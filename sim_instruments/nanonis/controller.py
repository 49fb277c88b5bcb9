"""The controller: what its modules share. Every module reaches the world through here.

Frames: scanner x, y, Z are the controller's own (m). `coarse` shifts them into the world's frame, because the motor can
move the sample under the scanner: world position = scanner position + coarse offset. Z points away from the sample:
the high Z limit is fully retracted, smaller Z presses harder.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from sim_instruments.nanonis.bias_output import BiasOutput
from sim_instruments.nanonis.coarse import Coarse
from sim_instruments.nanonis.dialogue import NanonisDialogue
from sim_instruments.nanonis.motion import Motion
from sim_instruments.nanonis.point_and_shoot import Experiment
from sim_instruments.nanonis.preamp import Preamp
from sim_instruments.nanonis.registry import Handler, Module
from sim_instruments.nanonis.signals import SignalBoard
from sim_instruments.nanonis.z_loop import ZLoop
from sim_instruments.noise import Floats
from sim_instruments.timeline import Session, Station, Timeline
from sim_instruments.world import World

AnyModule = TypeVar("AnyModule", bound=Module)
Forces = TypeVar("Forces", float, Floats)

RELEASES = (10862, 11798, 13742, 14718)
"""Real-time releases whose layouts are known."""


@dataclass(frozen=True)
class ControllerSettings:
    """How the controller is set up when the lab is switched on."""

    release: int = 13742
    acquisition_period: float = 0.02
    """Tap: signals are published this often (s)."""
    deflection_sensitivity: float = 50e-9
    """Bending of the lever per volt of the deflection signal (m/V)."""
    spring_constant: float = 40.0
    """Of the lever (N/m)."""
    setpoint: float = 0.025
    """Deflection setpoint (V); 25 mV is 50 nN with the default lever."""
    coarse_gap: float = 20e-6
    """Distance the motor has to close before the piezo reaches the sample (m)."""
    session_path: str = r"C:\Nanonis\Session"


class Controller:
    """One simulated Nanonis: shared state, modules by type, commands by name."""

    def __init__(
        self,
        world: World,
        timeline: Timeline,
        station: Station,
        settings: ControllerSettings | None = None,
        modules: Sequence[type[Module]] = (),
    ) -> None:
        self.world = world
        self.timeline = timeline
        self.station = station
        self.settings = settings or ControllerSettings()
        self.release = self.settings.release
        self.session_path = self.settings.session_path
        self.tap = self.settings.acquisition_period
        self.on_safe_tip: list[Callable[[], None]] = []
        """Called when the safe tip fires with auto-pause on (the scan pauses itself)."""
        self.scanning: Callable[[], bool] = lambda: False
        """Whether the scan owns the scanner; the Scan module replaces this."""
        self.scan_speed: Callable[[], float] = lambda: 1e-6
        """Forward speed of the scan (m/s); the Scan module replaces this."""
        self.experiments: dict[str, Experiment] = {}
        """What Point & Shoot may begin, by name; the spectroscopy modules enter themselves."""
        self.refusal = ""
        """Why every command is refused now; empty while none is."""
        self.has_quit = False
        """Whether the software was told to quit: every connection ends."""
        self.coarse = Coarse(self.settings.coarse_gap)
        self.preamp = Preamp(world)
        self.bias = BiasOutput(self)
        self.z = ZLoop(self)
        self.motion = Motion(self)
        self.signals = SignalBoard(self)
        self._modules = {kind: kind(self) for kind in modules}
        self.handlers: dict[str, Handler] = {
            handler.command.name.lower(): handler for module in self._modules.values() for handler in module.handlers()
        }

    @property
    def now(self) -> float:
        """Simulated time (s)."""
        return self.timeline.now

    def dialogue(self, session: Session) -> NanonisDialogue:
        """Return the dialogue of a client that has just connected to any of the four ports."""
        return NanonisDialogue(self, session)

    def module(self, kind: type[AnyModule]) -> AnyModule:
        """Return this controller's module of the given kind."""
        module = self._modules[kind]
        assert isinstance(module, kind)
        return module

    def force(self, deflection: float) -> float:
        """Return the force (N) that belongs to a deflection signal (V)."""
        return deflection * self.settings.deflection_sensitivity * self.settings.spring_constant

    def deflection(self, force: Forces) -> Forces:
        """Return the deflection signal (V) that belongs to a force (N)."""
        return force / (self.settings.deflection_sensitivity * self.settings.spring_constant)

    def deflection_of(self, bending: float) -> float:
        """Return the deflection signal (V) that belongs to a bending of the lever (m)."""
        return bending / self.settings.deflection_sensitivity
