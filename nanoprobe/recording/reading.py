"""A recording read again: what is good of it is given, what is missing is named."""

from collections.abc import Iterator
from pathlib import Path

from nanoprobe.errors import BadInput
from nanoprobe.recording import items
from nanoprobe.recording.items import Item, Kind, SessionInfo, unpack_items
from nanoprobe.storage.traffic import TrafficReader, traffic_files


class Recording:
    """One recording: its `sessions` by number, and what is wrong with it (`troubles`), both as far as it was read."""

    def __init__(self, path: Path) -> None:
        self._reader = TrafficReader(path)
        self.path = path
        self.sessions: dict[int, SessionInfo] = {}
        self.troubles: list[str] = []
        self.ended = False
        """Whether the end of the run has been read."""

    def items(self) -> Iterator[Item]:
        """Yield the items in the order they happened, a block in memory at a time; stops before damage."""
        self.sessions, self.troubles, self.ended = {}, [], False
        try:
            for block in self._reader.blocks():
                for item in unpack_items(block):
                    self._note(item)
                    yield item
        except ValueError as error:
            self.troubles.append(f"{self.path.name} holds what is no traffic ({error}); the rest of it is not used")
        if self._reader.trouble:
            self.troubles.append(self._reader.trouble)
        elif not self.ended and not self.troubles:
            self.troubles.append(f"{self.path.name} stops before the end of the run: the app was ended, or still runs")

    def _note(self, item: Item) -> None:
        if item.kind == Kind.SESSION:
            self.sessions[item.session] = SessionInfo.unpack(item.content)
        elif item.kind == Kind.LOST:
            self.troubles.append(f"{item.text} bytes of traffic are missing: the disk did not keep up")
        elif item.kind == Kind.MARK and item.text == items.ENDS:
            self.ended = True


def recordings_of(run: Path) -> list[Recording]:
    """Return the recordings in a run, one for each time it was started or resumed. Raises BadInput where there is none."""
    places = traffic_files(run)
    if not places:
        raise BadInput(
            f"{run} holds no recording of its wire traffic: set record = true under [bench] in the bench file before a run"
        )
    return [Recording(place) for place in places]
