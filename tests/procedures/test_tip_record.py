import pytest

from nanoprobe.errors import StorageError
from nanoprobe.tip_record import CHECKS_KEPT, TipBook, TipCheck, TipRecord


def check(adhesion=None, resistance=None, passed=True):
    return TipCheck(when="2026-01-01T00:00:00+00:00", adhesion=adhesion, contact_resistance=resistance, passed=passed)


def test_a_record_comes_back_from_the_book_as_it_was_kept(tmp_path):
    book = TipBook(tmp_path)
    record = TipRecord(identity="box 3 / tip 7").after_scan(2.56e-3).after_ramp(-5e-9, True).calibrated(50e-9, 40.0)
    book.save(record)
    assert TipBook(tmp_path).load("box 3 / tip 7") == record
    assert (record.ramps, record.triggers, record.contaminated) == (1, 1, True)
    assert record.largest_current == 5e-9


def test_a_ramp_without_a_trigger_does_not_contaminate():
    assert not TipRecord().after_ramp(1e-12, False).contaminated


def test_simulated_tips_are_kept_apart_from_real_ones(tmp_path):
    TipBook(tmp_path, simulated=True).save(TipRecord(identity="A", ramps=100))
    assert TipBook(tmp_path).load("A").ramps == 0


@pytest.mark.parametrize(
    "identity", ["../../etc/passwd", "a/b", "a-b", "A" * 500, "Spitze Nr. 3 µ", "."], ids=lambda text: text[:12]
)
def test_any_identity_makes_a_file_of_its_own_inside_the_folder(tmp_path, identity):
    book = TipBook(tmp_path)
    book.save(TipRecord(identity=identity, ramps=3))
    assert book.path(identity).parent == tmp_path / "real"
    assert book.load(identity).ramps == 3
    assert book.path("a/b") != book.path("a-b")


@pytest.mark.parametrize("content", [b"{", b'{"ramps": -1}', b'{"unknown": 1}', b"\xff\xfe", b" " * 1_000_001])
def test_a_damaged_record_is_refused_and_named(tmp_path, content):
    book = TipBook(tmp_path)
    book.path("A").parent.mkdir(parents=True)
    book.path("A").write_bytes(content)
    with pytest.raises(StorageError, match=r"the record of tip 'A' in .* cannot be read .*: mend or remove the file"):
        book.load("A")


def test_a_book_that_keeps_nothing_writes_nothing(tmp_path):
    TipBook(tmp_path, keep=False).save(TipRecord(identity="A"))
    TipBook(tmp_path).save(TipRecord(identity=""))
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "real").write_text("a file where the folder should be")
    with pytest.raises(StorageError, match=r"the record of tip 'A' cannot be written to"):
        TipBook(tmp_path).save(TipRecord(identity="A"))


@pytest.mark.parametrize(
    ("earlier", "new", "odd"),
    [
        pytest.param([20e-9] * 5, check(25e-9), "", id="within 30 % of a steady history"),
        pytest.param([20e-9] * 5, check(27e-9), "adhesion 27 nN is outside 3 sigma", id="beyond it"),
        pytest.param([20e-9] * 4, check(90e-9), "", id="too few to judge"),
        pytest.param([10e-9, 20e-9, 30e-9, 20e-9, 20e-9], check(40e-9), "", id="a scattered history allows more"),
        pytest.param([20e-9] * 5, check(None), "", id="nothing measured"),
    ],
)
def test_a_check_is_held_against_3_sigma_of_the_passed_ones(earlier, new, odd):
    record = TipRecord(checks=tuple(check(value) for value in earlier))
    assert record.odd(new).startswith(odd)
    assert bool(record.odd(new)) == bool(odd)


def test_resistance_is_judged_by_its_logarithm():
    record = TipRecord(checks=tuple(check(resistance=value) for value in (1e4, 2e4, 1e4, 2e4, 1.5e4)))
    assert not record.odd(check(resistance=2.9e4))
    assert "contact resistance 1 Mohm is outside 3 sigma" in record.odd(check(resistance=1e6))


def test_failed_checks_do_not_widen_the_history():
    record = TipRecord(checks=(*[check(20e-9)] * 5, *[check(200e-9, passed=False)] * 5))
    assert record.odd(check(60e-9))


def test_a_passed_check_lifts_a_block_and_old_checks_are_dropped():
    record = TipRecord().after_check(check(passed=False), "too soft")
    assert record.blocked == "too soft"
    for _ in range(CHECKS_KEPT + 5):
        record = record.after_check(check(20e-9))
    assert not record.blocked
    assert len(record.checks) == CHECKS_KEPT
