"""Scripts are read whole before anything is done, and refused with line and column."""

import pytest

from sim_instruments.emstat4.errors import ParseError
from sim_instruments.emstat4.parser import parse

GOOD = """var e
array a 3i
store_var e 10m ja # a remark
loop e < 4
  if e > 2
    breakloop
  elseif e == 1
    copy_var e a[1i]
  else
    mean a e
  endif
  add_var e 1
endloop
meas_loop_cv e e 0 1 -1 10m 100m nscans(3)
  pck_start
    pck_add e
  pck_end
endloop
send_string f"{e} V"
on_finished:
  cell_off"""


def test_a_good_script_is_taken_apart_into_blocks():
    script = parse(GOOD.splitlines())
    assert [command.name for command in script.commands] == [
        "var", "array", "store_var", "loop", "meas_loop_cv", "send_string",
    ]  # fmt: skip
    assert [command.name for command in script.finish] == ["cell_off"]
    assert script.commands[4].options == {"nscans": ("3",)}


@pytest.mark.parametrize(
    ("text", "error"),
    [
        pytest.param("var e\n  bogus e", "4001: Line 2, Col 3", id="unknown command"),
        pytest.param("set_e x", "420B: Line 1, Col 7", id="variable never declared"),
        pytest.param("var e\nvar e", "4026: Line 2, Col 5", id="declared twice"),
        pytest.param("set_e 0.5", "4039: Line 1, Col 7", id="a decimal point"),
        pytest.param("set_e 5q", "4039: Line 1, Col 7", id="no prefix of SI"),
        pytest.param("wait", "4018: Line 1, Col 5", id="an argument is missing"),
        pytest.param("cell_on now", "4004: Line 1, Col 9", id="a word too many"),
        pytest.param("cell_on bad(1)", "4008: Line 1, Col 9", id="an option it does not have"),
        pytest.param("var e\nloop e < 1", "4018: Line 3, Col 1", id="a block never closed"),
        pytest.param("endloop", "400C: Line 1, Col 1", id="closed but never opened"),
        pytest.param("breakloop", "400C: Line 1, Col 1", id="nothing to break"),
        pytest.param("var e\npck_add e", "401B: Line 2, Col 1", id="package not begun"),
        pytest.param("pck_end", "401B: Line 1, Col 1", id="package ended before it began"),
        pytest.param("var e\nmeas_loop_ocp e 1 2\nmeas_loop_ocp e 1 2", "400B: Line 3, Col 1", id="nested loops"),
        pytest.param("wait 1 \xe9", "4004: Line 1, Col 8", id="no ASCII"),
        pytest.param("#" + 300 * "x", "0008: Line 1, Col 257", id="line too long"),
        pytest.param("\n".join(["wait 1"] * 6000), "4005: Line 6000, Col 1", id="script too large"),
    ],
)
def test_a_bad_script_is_refused_with_code_line_and_column(text, error):
    with pytest.raises(ParseError) as refused:
        parse(text.split("\n"))
    assert str(refused.value) == error
