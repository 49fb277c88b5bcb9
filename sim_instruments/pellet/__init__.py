"""The simulated pellet cell: lithium, a ceramic pellet, and lithium or LiFePO4 (domain.md §6)."""

from sim_instruments.pellet.cell import CellSettings, Control, PelletCell

__all__ = ["CellSettings", "Control", "PelletCell"]
