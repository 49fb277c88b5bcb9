"""Faults on purpose: what breaks in a laboratory, at a chosen command or time, the same again for the same seed."""

from sim_instruments.faults.kinds import KINDS
from sim_instruments.faults.spec import BadFault, FaultSpec, parse_fault

__all__ = ["KINDS", "BadFault", "FaultSpec", "parse_fault"]
