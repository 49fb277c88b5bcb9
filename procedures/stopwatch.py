"""Time as the instruments spend it, so that drift is carried forward alike at every pace of a simulated lab."""


class Stopwatch:
    """Adds up the time (s) of ramps, scans and moves. Only its evenness matters: rates and forecasts both use it."""

    def __init__(self) -> None:
        self.passed = 0.0

    def add(self, seconds: float) -> None:
        """Let `seconds` pass."""
        self.passed += seconds
