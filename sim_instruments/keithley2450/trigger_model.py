"""The trigger model at work: an operation of the lab's timeline between `:INIT` and its end."""

import math
from collections.abc import Callable

from sim_instruments.keithley2450 import blocks
from sim_instruments.keithley2450.block_bench import Bench
from sim_instruments.keithley2450.program import END, Program
from sim_instruments.scpi import ScpiError
from sim_instruments.timeline import Timeline

BURST = 2000
"""Operations run without time passing, before the model lets the clock move by itself."""
BURST_TIME = 1e-3
"""What such a burst takes (s): an empty loop must not stop the lab."""
REFRESH = 0.1
"""How often the instrument looks at a running model (s); its state is never fresher than that."""
HIGHEST_BLOCK = 255


class TriggerModel:
    """The blocks a client has built, and their run."""

    def __init__(self, bench: Bench, timeline: Timeline) -> None:
        self._bench = bench
        self._timeline = timeline
        self._blocks: dict[int, blocks.Block] = {}
        self._program: Program | None = None
        self._pc = END
        self._main_due = math.inf
        self._background_due = math.inf
        self._waiting_since = math.inf
        self._resting = "EMPTY"
        self._last_block = 0
        self._seen, self._seen_at = "", -math.inf
        self.due = math.inf
        """When the next block acts (s)."""
        self.on_end: list[Callable[[], None]] = []
        """Called when a run has ended, whichever way."""

    # --- building

    def clear(self) -> None:
        """Forget all blocks."""
        self._stop("EMPTY")
        self._blocks.clear()
        self._last_block = 0

    def define(self, number: int, block: blocks.Block) -> None:
        """Put a block at a place."""
        if not 1 <= number <= HIGHEST_BLOCK:
            raise ScpiError(-222)
        if self.running:
            raise ScpiError(-221, "The trigger model is running")
        self._blocks[number] = block
        self._resting = "BUILDING"

    def load(self, model: list[blocks.Block]) -> None:
        """Replace all blocks."""
        self.clear()
        for number, block in enumerate(model, 1):
            self.define(number, block)

    def listing(self) -> str:
        """Return the blocks as text, on one line: a line end would end the answer."""
        return "; ".join(blocks.describe(n, self._blocks[n]) for n in sorted(self._blocks)) or "Empty"

    def counter(self, number: int) -> int:
        """Return the count of a counter block."""
        counters = self._program.counters if self._program else []
        return counters[number] if number < len(counters) else 0

    # --- running

    @property
    def running(self) -> bool:
        """Whether the model is under way."""
        return self._pc != END

    def start(self) -> None:
        """Do `:INIT`."""
        if self.running:
            raise ScpiError(-213)
        if not self._blocks:
            raise ScpiError(-221, "The trigger model is empty")
        filled = [self._blocks.get(n, blocks.Nop()) for n in range(1, max(self._blocks) + 1)]
        self._program = Program(filled, self._bench)
        self._pc = 0
        self._last_block = 1
        self._background_due = math.inf
        self._main_due = self.due = self._timeline.now
        self._timeline.start(self)

    def abort(self) -> None:
        """Do `:ABOR`. The output stays as it is."""
        if self.running:
            self._stop("ABORTED")

    def hear(self, event: str) -> None:
        """Remember an event, and go on where the model waits for it."""
        if self._program is None or not self.running:
            return
        self._program.events.add(event)
        if self._main_due == math.inf:
            self._main_due = self.due = self._timeline.now

    def forget(self, event: str) -> None:
        """Drop an event that came and was not acted on."""
        if self._program is not None:
            self._program.events.discard(event)

    def seen(self) -> str:
        """Return the answer to `:TRIG:STAT?`: the state as it was when the instrument looked last, REFRESH ago at most."""
        age = self._timeline.now - self._seen_at
        if self._timeline.pace == 0 or age >= REFRESH:
            self._seen, self._seen_at = self.state(), self._timeline.now
        return self._seen

    def state(self) -> str:
        """Return the state at this moment."""
        state = self._resting
        if self.running:
            waiting = self._timeline.now - self._waiting_since > REFRESH
            state = "WAITING" if waiting else "RUNNING"
        return f"{state};{state};{self._last_block}"

    def step(self) -> None:
        """Run what is due."""
        try:
            if self._background_due <= self._main_due:
                self._read_in_background()
            else:
                self._run()
        except ScpiError as error:
            self._stop("FAILED")
            self._bench.log(error.text)
        self.due = min(self._main_due, self._background_due)

    def _run(self) -> None:
        program = self._program
        if program is None:
            return
        ops, clock, pc = program.ops, program.clock, self._pc
        done = pc
        for _ in range(BURST):
            if pc == END:
                self._last_block = program.block_of[done]
                self._finish(program)
                return
            done = pc
            pc = ops[pc]()
            if clock.sleep:
                self._rest(program, done, pc)
                return
        self._pc, self._main_due = pc, self._timeline.now + BURST_TIME

    def _rest(self, program: Program, done: int, pc: int) -> None:
        clock, now = program.clock, self._timeline.now
        self._pc, self._last_block = pc, program.block_of[done]
        self._main_due = now + clock.sleep
        clock.sleep = 0.0
        if done in program.waits and pc == done:
            self._waiting_since = min(self._waiting_since, now)
        else:
            self._waiting_since = math.inf
        if clock.background is not None and self._background_due == math.inf:
            self._background_due = now + self._bench.reading_time()

    def _read_in_background(self) -> None:
        program = self._program
        if program is None or program.clock.background is None:
            self._background_due = math.inf
            return
        last = program.last[program.clock.latest]
        last[1], last[0] = last[0], self._bench.read_into(program.clock.background).value
        self._background_due += self._bench.reading_time()

    def _finish(self, program: Program) -> None:
        clock = program.clock
        if clock.debt:
            # A model that ends with a delay is over when the delay is.
            self._pc, self._main_due = len(program.ops), self._timeline.now + clock.debt
            clock.debt = 0.0
            program.ops.append(lambda: END)
            program.block_of.append(program.block_of[-1])
            return
        self._stop("IDLE")

    def _stop(self, resting: str) -> None:
        was_running, self._pc = self.running, END
        self._resting = resting
        self.due = self._main_due = self._background_due = self._waiting_since = math.inf
        self._timeline.stop(self)
        if was_running:
            for call in self.on_end:
                call()
