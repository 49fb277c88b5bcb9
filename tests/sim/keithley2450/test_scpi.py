"""SCPI messages and command trees."""

import pytest

from sim_instruments.scpi import ScpiError, match_word, parse_number, show_number, split_message
from sim_instruments.scpi_tree import CommandTree


@pytest.mark.parametrize(
    ("line", "headers"),
    [
        pytest.param(":SOUR:VOLT:RANG 20;ILIM 1e-6", ["SOUR:VOLT:RANG", "SOUR:VOLT:ILIM"], id="goes on from the path"),
        pytest.param(":SOUR:VOLT 1;:OUTP ON", ["SOUR:VOLT", "OUTP"], id="colon starts from the root"),
        pytest.param(
            ":SENS:FUNC 'CURR';:SENS:CURR:NPLC 0.1;", ["SENS:FUNC", "SENS:CURR:NPLC"], id="trailing semicolon"
        ),
        pytest.param(
            ":SOUR:VOLT 1;*OPC;ILIM 1", ["SOUR:VOLT", "*OPC", "SOUR:ILIM"], id="common command keeps the path"
        ),
        pytest.param("*RST;:stat:pres;:*CLS;", ["*RST", "stat:pres", "*CLS"], id="PyMeasure's reset"),
        pytest.param(":DISP:USER1:TEXT 'a;b:c'", ["DISP:USER1:TEXT"], id="separators inside a string"),
        pytest.param("", [], id="empty line"),
    ],
)
def test_message_is_split_into_full_headers(line: str, headers: list[str]) -> None:
    assert [unit.header for unit in split_message(line)] == headers


@pytest.mark.parametrize(
    ("line", "args"),
    [
        pytest.param(':TRAC:DATA? 1, 3, "b,c", SOUR', ("1", "3", '"b,c"', "SOUR"), id="comma in a string"),
        pytest.param(":TRACe:MAKE 'b', 100, ", ("'b'", "100"), id="comma at the end"),
        pytest.param(":A:B\t1", ("1",), id="tab"),
    ],
)
def test_parameters_are_split_outside_strings(line: str, args: tuple[str, ...]) -> None:
    assert next(iter(split_message(line.replace("\t", " ")))).args == args


@pytest.fixture
def tree() -> CommandTree:
    tree = CommandTree()
    tree.add("[SENSe]:CURRent:[DC]:NPLCycles", ask=lambda _: "nplc")
    tree.add("TRIGger:DIGital#:IN:CLEar", lambda _: None)
    return tree


@pytest.mark.parametrize(
    "header", ["SENS:CURR:NPLC", "sense1:current:dc:nplcycles", "CURR:NPLC", "Sens:Curr:DC:NplC", "SENS1:CURR1:NPLC"]
)
def test_long_short_and_optional_forms_find_the_command(tree: CommandTree, header: str) -> None:
    assert tree.find(header)[0].ask is not None


def test_numbers_in_a_header_are_told(tree: CommandTree) -> None:
    assert tree.find("TRIG:DIG4:IN:CLE")[1] == (4,)
    assert tree.find("TRIG:DIG:IN:CLE")[1] == (1,)


@pytest.mark.parametrize(
    ("header", "code"),
    [("SENS:CURR", -113), ("SENS:CURRE:NPLC", -113), ("SENS2:CURR:NPLC", -114), ("", -113), ("FOO:BAR", -113)],
)
def test_unknown_header_is_an_error(tree: CommandTree, header: str, code: int) -> None:
    with pytest.raises(ScpiError) as error:
        tree.find(header)
    assert error.value.code == code


@pytest.mark.parametrize(
    ("text", "value"), [("1e-3", 1e-3), ("MAX", 5.0), ("minimum", -5.0), ("DEF", 2.0), ("+7", 7.0)]
)
def test_numbers_and_their_names_are_read(text: str, value: float) -> None:
    assert parse_number(text, -5.0, 5.0, 2.0) == value


@pytest.mark.parametrize("text", ["abc", "1_0", "nan", '"1"'])
def test_what_is_no_number_is_a_type_error(text: str) -> None:
    with pytest.raises(ScpiError, match="-104"):
        parse_number(text, 0, 1, None)


def test_infinity_is_written_the_scpi_way() -> None:
    assert show_number(float("inf")) == "9.900000E+37"


def test_word_matches_long_and_short_form_only() -> None:
    assert match_word("fron", {"FRONt": "F"}) == "F"
    with pytest.raises(ScpiError, match="-224"):
        match_word("FRO", {"FRONt": "F"})
