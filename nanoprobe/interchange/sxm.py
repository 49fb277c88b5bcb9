"""Nanonis scans (.sxm), read with nanonispy2."""

from pathlib import Path

import numpy as np

from nanoprobe.geometry import Frame
from nanoprobe.interchange.map_file import Channel, MapFile, our_name


def read_sxm(path: Path) -> MapFile:
    """Return the map in a Nanonis scan file. Angles there count clockwise, and scans run down or up."""
    from nanonispy2.read import Scan

    scan = Scan(str(path))
    head = scan.header
    upwards = str(head["scan_dir"]).strip().lower() == "up"
    units = dict(zip(head["data_info"]["Name"], head["data_info"]["Unit"], strict=True))
    channels: dict[str, Channel] = {}
    for name, ways in scan.signals.items():
        both = np.stack([ways["forward"], ways["backward"][:, ::-1]]).astype(np.float64)
        channels.setdefault(our_name(name), Channel(both if upwards else both[:, ::-1], str(units[name])))
    x, y = (float(one) for one in head["scan_offset"])
    width, height = (float(one) for one in head["scan_range"])
    angle = -np.deg2rad(float(head["scan_angle"]))
    return MapFile(
        program="Nanonis",
        frame=Frame(x=x, y=y, width=width, height=height, angle=angle),
        channels=channels,
        taken=f"{head.get('rec_date', '')} {head.get('rec_time', '')}".strip(),
    )
