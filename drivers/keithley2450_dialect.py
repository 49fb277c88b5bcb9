"""What the 2450's commands mean, for recordings and replays: names, units, and which commands are equivalent."""

from drivers.operations import SCPI_READS
from drivers.scpi_dialect import Meaning, ScpiDialect, parsed

_ARGUMENTS = {
    "SOUR:VOLT": "level V",
    "SOUR:VOLT:RANG": "range V",
    "SOUR:VOLT:ILIM": "limit A",
    "SOUR:VOLT:PROT": "protection",
    "SOUR:VOLT:DEL": "delay s",
    "SOUR:FUNC": "function",
    "SENS:FUNC": "function",
    "SENS:CURR:RANG": "range A",
    "SENS:CURR:NPLC": "aperture PLC",
    "SENS:CURR:AZER": "autozero",
    "SENS:COUN": "count",
    "OUTP": "output",
    "OUTP:VOLT:SMOD": "off_state",
    "ROUT:TERM": "terminals",
    "FORM:DATA": "format",
    "TRAC:MAKE": "buffer,size",
    "TRAC:CLE": "buffer",
    "TRAC:DEL": "buffer",
    "TRAC:ACT?": "buffer",
    "TRAC:DATA?": "first,last,buffer,element,element,element",
    "READ?": "buffer,element,element,element",
    "SOUR:CONF:LIST:CRE": "list",
    "SOUR:CONF:LIST:STOR": "list",
    "SOUR:CONF:LIST:DEL": "list",
    "TRIG:LOAD": "model",
    "TRIG:BLOC:BUFF:CLE": "block,buffer",
    "TRIG:BLOC:CONF:REC": "block,list",
    "TRIG:BLOC:CONF:NEXT": "block,list",
    "TRIG:BLOC:SOUR:STAT": "block,output",
    "TRIG:BLOC:DEL:CONS": "block,delay s",
    "TRIG:BLOC:MEAS": "block,buffer",
    "TRIG:BLOC:BRAN:LIM:CONS": "block,kind,low A,high A,to_block,measured_by",
    "TRIG:BLOC:BRAN:EVEN": "block,event,to_block",
    "TRIG:BLOC:BRAN:COUN": "block,count,to_block",
    "TRIG:BLOC:BRAN:ALW": "block,to_block",
}
_ANSWERS = {
    "*IDN?": "maker,model,serial,firmware",
    "*LANG?": "language",
    "OUTP?": "output",
    "SOUR:VOLT?": "level V",
    "SOUR:VOLT:RANG?": "range V",
    "SOUR:VOLT:ILIM?": "limit A",
    "SOUR:VOLT:ILIM:TRIP?": "limiting",
    "SOUR:VOLT:PROT?": "protection",
    "SENS:CURR:RANG?": "range A",
    "SYST:ERR?": "error,text",
    "TRAC:ACT?": "readings",
    "TRIG:STAT?": "state,state,block",
    "READ?": "source V,current A,time s",
}
_SETTINGS = ("ROUT:TERM", "SENS:CURR:NPLC", "SENS:CURR:AZER", "OUTP:VOLT:SMOD", "FORM:DATA", "FORM:BORD")
"""Kept apart by the instrument. Ranges, limits, levels and delays are not among them: they depend on each other."""

KEITHLEY2450 = ScpiDialect(
    arguments={header: Meaning(words) for header, words in _ARGUMENTS.items()},
    answers={header: Meaning(words) for header, words in _ANSWERS.items()},
    polls=frozenset(header for question in SCPI_READS for header, _ in parsed(question.encode())),
    settings=frozenset(_SETTINGS),
)
