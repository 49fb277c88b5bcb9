"""The journal: what is promised comes back, a torn tail is dropped, damage to what was promised is refused."""

import contextlib
import io
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nanoprobe.errors import StorageError
from nanoprobe.storage.journal import PREAMBLE, Journal, frames, pack

records = st.lists(st.tuples(st.binary(max_size=200), st.booleans()), max_size=12)
quick = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


class NamedBytes(io.BytesIO):
    name = "journal.bin"


def written(payloads: list[tuple[bytes, bool]]) -> tuple[bytes, list[int], int]:
    """Return the bytes of a journal, where each frame begins, and how much of it was synced."""
    content, offsets, synced = PREAMBLE, [], len(PREAMBLE)
    for number, (payload, sync) in enumerate(payloads):
        offsets.append(len(content))
        content += pack(number, synced, payload)
        synced = len(content) if sync else synced
    return content, offsets, synced


def read(content: bytes) -> list[bytes]:
    return [frame.payload for frame in frames(NamedBytes(content), len(content))]


@quick
@given(records)
def test_all_that_was_appended_is_read(tmp_path: Path, payloads):
    path = tmp_path / "journal.bin"
    path.unlink(missing_ok=True)
    journal = Journal.create(path)
    for payload, sync in payloads:
        journal.append(payload, sync=sync)
    journal.close()
    assert path.read_bytes() == written(payloads)[0]
    assert read(path.read_bytes()) == [payload for payload, _ in payloads]


@quick
@given(records, st.data())
def test_a_journal_cut_anywhere_keeps_every_whole_record_before_the_cut(payloads, data):
    content, offsets, _ = written(payloads)
    cut = data.draw(st.integers(len(PREAMBLE), len(content)))
    ends = [*offsets[1:], len(content)] if offsets else []
    assert read(content[:cut]) == [payload for (payload, _), end in zip(payloads, ends, strict=True) if end <= cut]


@quick
@given(records, st.data())
def test_a_flipped_byte_is_refused_or_costs_nothing_that_was_known_to_be_synced(payloads, data):
    content, offsets, _ = written(payloads)
    where = data.draw(st.integers(len(PREAMBLE), max(len(PREAMBLE), len(content) - 1)))
    if where >= len(content):
        return
    flip = data.draw(st.integers(1, 255))
    damaged = content[:where] + bytes([content[where] ^ flip]) + content[where + 1 :]
    hit = max(index for index, offset in enumerate(offsets) if offset <= where)
    later_sync_known = any(sync for _, sync in payloads[hit:-1])
    if later_sync_known:
        with pytest.raises(StorageError, match=f"is damaged at byte {offsets[hit]}: record {hit} is bad"):
            read(damaged)
    else:
        assert read(damaged) == [payload for payload, _ in payloads[:hit]]


@quick
@given(records, st.binary(max_size=300))
def test_rubbish_behind_the_last_record_is_a_torn_tail(payloads, rubbish):
    content, _, _ = written(payloads)
    assert read(content + rubbish) == [payload for payload, _ in payloads]


@quick
@given(st.binary(max_size=400))
def test_any_bytes_are_read_or_refused(content):
    with contextlib.suppress(StorageError):
        read(content)


def test_stale_frames_of_an_earlier_tail_are_not_taken_up_again():
    content, offsets, _ = written([(b"a", True), (b"b", False), (b"c", False)])
    shorter = content[: offsets[1]] + pack(1, offsets[1], b"B" * 40)
    assert read(shorter + content[len(shorter) :]) == [b"a", b"B" * 40]


def test_reopen_cuts_the_torn_tail_off_and_goes_on(tmp_path: Path):
    path = tmp_path / "journal.bin"
    content, _, _ = written([(b"one", True), (b"two", True)])
    path.write_bytes(content + b"NPJ1torn")
    journal = Journal.reopen(path, len(content), 2)
    journal.append(b"three", sync=True)
    journal.close()
    assert read(path.read_bytes()) == [b"one", b"two", b"three"]


def test_a_length_beyond_all_sense_asks_for_no_memory():
    frame = bytearray(pack(0, 32, b""))
    frame[4:8] = b"\xff\xff\xff\xff"
    assert read(PREAMBLE + bytes(frame)) == []


def test_what_is_no_journal_is_said_to_be_none():
    with pytest.raises(StorageError, match=r"journal\.bin is no journal of a run, or its first bytes are damaged"):
        read(b"something else, and long enough to be read")
