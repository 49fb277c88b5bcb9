"""Where the motor has put the sample: the offset between the scanner's frame and the world's."""


class Coarse:
    """Coarse offsets (m): world position = scanner position + offset; `gap` is how far the motor has backed off."""

    def __init__(self, gap: float) -> None:
        self.x = 0.0
        self.y = 0.0
        self.gap = gap
