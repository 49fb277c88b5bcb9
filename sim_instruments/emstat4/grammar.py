"""The commands of MethodSCRIPT that the simulated device knows, and what each takes (hardware.md §3.3).

Arguments: `w` a variable that is written, `r` one that is read and written, `n` a number (literal or variable), `t` a
variable type, `a` an array, `s` a string, `c` a comparison. A trailing `*` repeats, `?` may be left out. Behind them a
command may carry options such as `nscans(3)`.
"""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Form:
    """How one command is written. `opens` and `closes` name blocks; `options` what may follow in the form name(...)."""

    args: str = ""
    opens: str = ""
    closes: tuple[str, ...] = ()
    options: tuple[str, ...] = ()


MEASURE = "measurement loop"
LOOP = "loop"
IF = "if"
PACKAGE = "package"

_EIS = ("eis_tdd", "eis_opt", "eis_acdc", "meta_msk", "add_meas")
_DC = ("poly_we", "add_meas", "meta_msk", "bipot")

FORMS: Final = {
    "var": Form("d"),
    "array": Form("dn"),
    "store_var": Form("wnt?"),
    "copy_var": Form("nw"),
    "alter_vartype": Form("rt"),
    "add_var": Form("rn"),
    "sub_var": Form("rn"),
    "mul_var": Form("rn"),
    "div_var": Form("rn"),
    "mod_var": Form("rn"),
    "pow_var": Form("rn"),
    "log_var": Form("r"),
    "abs_var": Form("r"),
    "int_to_float": Form("r"),
    "float_to_int": Form("r"),
    "mean": Form("aw"),
    "set_e": Form("n"),
    "set_i": Form("n"),
    "set_int": Form("n"),
    "wait": Form("n"),
    "await_int": Form(""),
    "timer_start": Form(""),
    "timer_get": Form("w"),
    "cell_on": Form("", options=("ocp",)),
    "cell_off": Form(""),
    "set_pgstat_chan": Form("n"),
    "set_pgstat_mode": Form("n"),
    "set_max_bandwidth": Form("n"),
    "set_range_minmax": Form("tnn"),
    "set_range": Form("tn"),
    "set_autoranging": Form("tnn"),
    "set_acquisition_frac": Form("n"),
    "set_acquisition_frac_autoadjust": Form("n"),
    "set_ir_comp": Form("n"),
    "set_script_output": Form("n"),
    "set_gpio_cfg": Form("nn"),
    "set_gpio": Form("n"),
    "beep": Form("nnn"),
    "meas": Form("nwt"),
    "meas_loop_ocp": Form("wnn", opens=MEASURE, options=_DC),
    "meas_loop_ca": Form("wwnnn", opens=MEASURE, options=_DC),
    "meas_loop_cp": Form("wwnnn", opens=MEASURE, options=_DC),
    "meas_loop_lsv": Form("wwnnnn", opens=MEASURE, options=_DC),
    "meas_loop_lsp": Form("wwnnnn", opens=MEASURE, options=_DC),
    "meas_loop_cv": Form("wwnnnnn", opens=MEASURE, options=(*_DC, "nscans")),
    "meas_loop_eis": Form("wwwnnnnn", opens=MEASURE, options=_EIS),
    "meas_loop_geis": Form("wwwnnnnn", opens=MEASURE, options=_EIS),
    "loop": Form("ncn", opens=LOOP),
    "endloop": Form("", closes=(MEASURE, LOOP)),
    "breakloop": Form(""),
    "if": Form("ncn", opens=IF),
    "elseif": Form("ncn", closes=(IF,), opens=IF),
    "else": Form("", closes=(IF,), opens=IF),
    "endif": Form("", closes=(IF,)),
    "pck_start": Form("", opens=PACKAGE, options=("meta_msk",)),
    "pck_add": Form("n"),
    "pck_end": Form("", closes=(PACKAGE,)),
    "send_string": Form("s"),
    "abort": Form(""),
}
ON_FINISHED: Final = "on_finished:"
COMPARISONS: Final = ("==", "!=", "<", "<=", ">", ">=")
