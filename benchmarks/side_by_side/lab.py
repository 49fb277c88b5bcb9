"""A simulated lab served from this process, whose world knows what a method did to the sample."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any

from sim_instruments.lab import Lab, LabSettings

PATIENCE = 60.0


class Watched:
    """A lab in a thread of this process, whose world can be asked for the truth."""

    def __init__(self, settings: LabSettings, folder: Path) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self.lab = Lab(settings)
        asyncio.run_coroutine_threadsafe(self.lab.start(), self._loop).result(PATIENCE)
        self.bench = folder / "watched.toml"
        self.lab.write_bench_file(self.bench)

    def ask(self, question: Callable[[Lab], Any]) -> Any:
        """Return what `question` says of the lab, asked in the lab's own thread."""
        answer: Future[Any] = Future()
        self._loop.call_soon_threadsafe(lambda: answer.set_result(question(self.lab)))
        return answer.result(PATIENCE)

    def close(self) -> None:
        """Close every port and end the thread."""
        asyncio.run_coroutine_threadsafe(self.lab.stop(), self._loop).result(PATIENCE)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(PATIENCE)
        self._loop.close()
