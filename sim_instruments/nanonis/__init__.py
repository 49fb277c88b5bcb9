"""The simulated SPECS Nanonis controller: its TCP protocol, its real-time state and its modules."""

from sim_instruments.nanonis.assembly import make_controller

__all__ = ["make_controller"]
