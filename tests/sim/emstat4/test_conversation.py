"""The link: identity, registers, scripts that run, fail, are aborted, halted; as a third-party client sees it."""

import os
import select

import pytest

HEAD = """
var t
var e
var i
set_pgstat_mode 6
set_range db 1m
set_i 0
cell_on
timer_start
"""
LOOP = """
  timer_get t
  pck_start
  pck_add t
  pck_add e
  pck_add i
  pck_end
"""
TAIL = """
endloop
on_finished:
  cell_off
"""
CP = HEAD + "meas_loop_cp e i 100u 1 5" + LOOP + TAIL


def value(text: str) -> float:
    prefixes = {"a": 1e-18, "f": 1e-15, "p": 1e-12, "n": 1e-9, "u": 1e-6, "m": 1e-3, " ": 1.0, "k": 1e3, "i": 1.0}
    return (int(text[2:9], 16) - 2**27) * prefixes[text[9]]


def test_it_says_who_it_is(client):
    assert client.ask("t") == "tes4_hr1301#Mar 25 2024 10:12:31"
    assert client.line() == "R*"
    assert client.ask("i").startswith("iES4HR")
    assert client.ask("v") == "v0108"
    assert client.ask("CC").startswith("CC")
    assert client.ask("CM").startswith("CM")


@pytest.mark.parametrize(
    ("command", "answer"),
    [("x", "x!0003"), ("GFF", "G!0007"), ("S0400", "S!0007"), ("G08", "G00"), ("S0801", "S"), ("Z", "Z!0006"),
     ("h", "h!0006"), ("Y", "Y!0006"), ("r", "r!000C"), ("Lmscr", "L!000C"), ("q" * 300, "q!0008")],
)  # fmt: skip
def test_a_command_is_answered_or_refused_by_its_first_letter(client, command, answer):
    assert client.ask(command) == answer


def test_a_script_is_acknowledged_then_sends_packages_as_they_fall_due_then_an_empty_line(client):
    lines = client.script(CP)
    assert lines[0] == "e"
    assert lines[1] == "M000A"
    assert lines[-1] == "*"
    packages = [line[1:].split(";") for line in lines if line.startswith("P")]
    assert [value(package[0]) for package in packages] == pytest.approx([1, 2, 3, 4, 5])
    assert value(packages[-1][2]) == pytest.approx(100e-6)
    drawn = client.lab.cell_truth["area_specific_resistance"] / 1e-4
    assert value(packages[-1][1]) == pytest.approx(100e-6 * (217 + 17 + 2 * drawn), rel=0.01)
    assert {part.split(",")[0][:2] for part in packages[0]} == {"eb", "ab", "db"}
    assert client.lab.lab.log.unsafe == []


def test_a_rejected_script_switches_nothing_on(client):
    assert client.script("cell_on\nbogus") == ["e!4001: Line 2, Col 1"]
    assert client.lab.lab.events == [] or client.lab.lab.log.unsafe == []


def test_after_a_run_time_error_the_cell_stays_on_until_it_is_switched_off(client):
    text = "set_pgstat_mode 3\nset_e 100m\ncell_on\nset_e 7\non_finished:\ncell_off"
    assert client.script(text) == ["e", "!000F: Line 4"]
    assert client.lab.lab.log.unsafe == ["cell of potentiostat: True"]
    assert client.script("cell_off") == ["e"]
    assert client.lab.lab.log.unsafe == []


@pytest.mark.parametrize(
    ("text", "error"),
    [
        pytest.param(
            "var e\nvar i\nset_pgstat_mode 3\nmeas_loop_ca e i 0 1 2\nendloop", "!4027: Line 4", id="cell is off"
        ),
        pytest.param(
            "var e\nset_pgstat_mode 3\ncell_on\nmeas_loop_ocp e 1 2\nendloop", "!0014: Line 4", id="cell is on"
        ),
        pytest.param("set_pgstat_mode 9", "!0021: Line 1", id="no such mode"),
        pytest.param("set_pgstat_mode 3\nset_i 1m", "!0023: Line 2", id="current as a potentiostat"),
        pytest.param("set_pgstat_mode 6\nset_range db 1m\nset_i 5m", "!4205: Line 3", id="current beyond its range"),
        pytest.param("set_range_minmax da -7 7", "!000F: Line 1", id="potentials beyond the device"),
        pytest.param("var x\nstore_var x 1 ja\ndiv_var x 0", "!0028: Line 3", id="divided by zero"),
    ],
)
def test_what_cannot_be_done_ends_the_script_with_code_and_line(client, text, error):
    assert client.script(text)[-1] == error


def test_a_short_circuit_is_a_critical_overload(connect):
    client = connect(seed=4)
    lab = client.lab
    for name in ("_short", "_short_wanted"):
        lab.call(lambda name=name: setattr(lab.lab.world.cell, name, 1e4))
    text = "var e\nvar i\nset_pgstat_mode 3\nset_range ba 100m\nset_e 1\ncell_on\nmeas_loop_ca e i 1 1 9\nendloop"
    assert client.script(text)[-1] == "!0032: Line 7"


def test_abort_goes_on_behind_on_finished_and_ends_with_an_empty_line(connect):
    client = connect(pace=1.0)
    client.send(
        "e",
        *HEAD.split("\n")[1:-1],
        "meas_loop_cp e i 100u 500m 1000",
        *LOOP.split("\n")[1:-1],
        *TAIL.split("\n")[1:-1],
        "",
    )
    assert [client.line() for _ in range(2)] == ["e", "M000A"]
    assert client.line().startswith("P")
    assert client.ask("e") == "e!0006"
    client.send("", "Z")
    lines = client.until_end()
    assert "Z" in lines
    assert lines[-1] == "*"
    assert client.lab.lab.log.unsafe == []


def test_a_second_client_can_abort_what_the_first_began(connect):
    first = connect(pace=1.0)
    first.send("e", *HEAD.split("\n")[1:-1], "meas_loop_cp e i 100u 500m 1000", *TAIL.split("\n")[1:-1], "")
    assert first.line() == "e"
    second = connect(first.lab)
    second.send("Z")
    assert second.until_end()[0] == "Z"
    assert first.lab.lab.log.unsafe == []


def test_a_halted_script_goes_on_where_it_was(connect):
    client = connect(pace=50.0)
    client.send(
        "e", *HEAD.split("\n")[1:-1], "meas_loop_cp e i 100u 5 20", *LOOP.split("\n")[1:-1], *TAIL.split("\n")[1:-1], ""
    )
    assert client.line() == "e"
    assert client.ask("h") in ("h", "M000A")
    client.send("H")
    packages = [line for line in client.until_end() if line.startswith("P")]
    assert len(packages) == 4


def test_the_present_loop_can_be_ended_alone(connect):
    client = connect(pace=1.0)
    client.send("e", *HEAD.split("\n")[1:-1], "meas_loop_cp e i 100u 1 1000", "endloop", 'send_string "after"', "")
    assert client.line() == "e"
    client.send("Y")
    assert client.until_end()[-2:] == ["*", "Tafter"]


def test_a_script_is_kept_in_flash_and_run_again(client):
    client.send("l", 'send_string "kept"', "")
    assert client.line() == "l"
    assert client.ask("Fmscr") == "F"
    assert client.script("wait 1") == ["e"]
    assert client.ask("Lmscr") == "L"
    client.send("r")
    assert client.until_end() == ["r", "Tkept"]


def test_conditions_loops_arrays_and_arithmetic_do_what_they_say(client):
    text = """
    var n
    array a 3i
    store_var n 0i ja
    loop n < 3i
      copy_var n a[n]
      add_var n 1i
    endloop
    if a[2i] == 2i
      send_string f"{n} and {a[1i]}"
    else
      send_string "wrong"
    endif
    """
    assert client.script(text) == ["e", "L", "+", "T3 and 1"]


def test_currents_are_read_in_the_range_that_fits_and_say_so(client):
    text = """
    var e
    var i
    set_pgstat_mode 3
    set_range ba {fixed}
    set_autoranging ba {low} {fixed}
    set_e 100m
    cell_on
    meas_loop_ca e i 100m 1 2
      pck_start
      pck_add i
      pck_end
    endloop
    on_finished:
    cell_off
    """
    found = {}
    for low, fixed in (("1u", "10m"), ("10m", "10m"), ("1u", "100u")):
        line = [line for line in client.script(text.format(low=low, fixed=fixed)) if line.startswith("P")][-1]
        found[low, fixed] = line.split(",")[1:]
    assert found["1u", "10m"] == ["10", "215"]  # 0.38 mA in the 1 mA range
    assert found["10m", "10m"] == ["10", "218"]
    assert found["1u", "100u"] == ["12", "212"]  # overload of the 100 uA range


def test_the_pseudo_terminal_answers_like_the_port(lab_starter):
    lab = lab_starter(sample="ppc", pty=True)
    path = lab.lab.potentiostat_resource.removeprefix("ASRL").removesuffix("::INSTR")
    line = os.open(path, os.O_RDWR | os.O_NOCTTY)
    try:
        os.write(line, b"t\n")
        answer = b""
        while not answer.endswith(b"*\n"):
            assert select.select([line], [], [], 10)[0]
            answer += os.read(line, 100)
    finally:
        os.close(line)
    assert answer.startswith(b"tes4_hr")


def test_the_same_script_gives_the_same_bytes_whoever_looks_on(connect):
    alone = connect(seed=5).script(CP)
    watched = connect(seed=5)
    onlooker = connect(watched.lab)
    onlooker.ask("i")
    assert watched.script(CP) == alone
