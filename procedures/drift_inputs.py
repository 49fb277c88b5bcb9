"""The images drift is measured on, as parameters; shared by maps and by DriftCorrect."""

from nanoprobe.geometry import Frame
from nanoprobe.roles import ScanPlan
from procedures.beside import Side
from procedures.inputs import choice, number, values_of, whole
from procedures.map_inputs import whole_pixels


class DriftImageInputs:
    """How one drift image is taken, and how well two must match."""

    image_size = number("Image size", "m", 2e-6, 0.2e-6, 20e-6, "drift", "edge of a drift image")
    image_pixels = whole("Image pixels", "px", 128, 16, 1024, "drift", "pixels a line, and lines, of a drift image")
    image_line_rate = number("Image line rate", "Hz", 2.0, 0.01, 50.0, "drift", "lines a second of a drift image")
    min_confidence = number(
        "Least confidence", "1", 0.5, 0.0, 1.0, "drift", "image match below which a run looks again, then stops"
    )

    def image_plan(self, frame: Frame) -> ScanPlan:
        """Return the scan of a drift image."""
        pixels = whole_pixels(self.image_pixels)
        return ScanPlan(
            frame=frame, pixels=pixels, lines=pixels, line_time=0.5 / self.image_line_rate, channels=("height",)
        )


class DriftInputs(DriftImageInputs):
    """The same for a map, whose drift images stand beside its points."""

    image_side = choice("Image side", values_of(Side), Side.AUTO, "drift", "side of the points the images stand on")
