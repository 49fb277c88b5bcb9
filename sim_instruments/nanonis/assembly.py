"""A controller with all its modules."""

from sim_instruments.nanonis.autoapproach import AutoApproach
from sim_instruments.nanonis.bias import Bias
from sim_instruments.nanonis.bias_spectroscopy import BiasSpectr
from sim_instruments.nanonis.controller import Controller, ControllerSettings
from sim_instruments.nanonis.current import Current
from sim_instruments.nanonis.folme import FolMe
from sim_instruments.nanonis.motor import Motor
from sim_instruments.nanonis.piezo import Piezo
from sim_instruments.nanonis.registry import Module
from sim_instruments.nanonis.safetip import SafeTip
from sim_instruments.nanonis.scan import Scan
from sim_instruments.nanonis.signals_module import Signals
from sim_instruments.nanonis.spectrum import SpectrumAnlzr
from sim_instruments.nanonis.tcp_logger import TCPLog
from sim_instruments.nanonis.tiprec import TipRec
from sim_instruments.nanonis.userout import UserOut
from sim_instruments.nanonis.util import Util
from sim_instruments.nanonis.z_spectroscopy import ZSpectr
from sim_instruments.nanonis.zctrl import ZCtrl
from sim_instruments.timeline import Station, Timeline
from sim_instruments.world import World

CORE: tuple[type[Module], ...] = (
    AutoApproach, Bias, Current, FolMe, Motor, Piezo, SafeTip, Signals, TipRec, UserOut, Util, ZCtrl,
)  # fmt: skip
ALL: tuple[type[Module], ...] = (*CORE, BiasSpectr, Scan, SpectrumAnlzr, TCPLog, ZSpectr)


def make_controller(
    world: World, timeline: Timeline, station: Station, settings: ControllerSettings | None = None
) -> Controller:
    """Return a controller that answers every command of every module; `Controller.dialogue` serves its ports."""
    return Controller(world, timeline, station, settings, ALL)
