"""Make the pictures of the docs again: `make docs`."""

import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image

PICTURES = Path(__file__).parent / "pictures"
WIDTH = 1200
"""Pixels: readable on a page, and a few hundred kB."""


def main() -> None:
    """Run the demo and keep its picture."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "demo"
        subprocess.run([sys.executable, "-m", "nanoprobe.cli", "demo", "--out", str(place)], check=True)
        with Image.open(place / "trigger-map.png") as picture:
            size = (WIDTH, round(picture.height * WIDTH / picture.width))
            picture.resize(size, Image.Resampling.LANCZOS).quantize(256).save(PICTURES / "demo.png", optimize=True)


if __name__ == "__main__":
    main()
