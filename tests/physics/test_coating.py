"""Bare against coated: one call, a chart, and what a layer does to flux and stress."""

import json

import pytest

from nanoprobe.errors import BadInput
from nanoprobe.physics.coating import Coating, Section, compare, evenness


def test_a_flat_ceramic_without_a_boundary_is_even_and_a_notch_is_not():
    flat = Section(notch_depth=1e-12, boundary_conductivity=0.046, boundary_modulus=150e9)
    notched = Section(boundary_conductivity=0.046)
    assert evenness(flat).focusing == pytest.approx(1.0, abs=1e-3)
    assert evenness(notched).focusing > 1.5


def test_a_layer_evens_out_flux_and_stress_and_the_less_it_conducts_the_more():
    bare, poor, good = compare(Section(), Coating(), [100e-9], [1e-3, 0.1])
    assert bare.coating is None
    assert poor.focusing < good.focusing < bare.focusing
    assert poor.tension < 0.2 * bare.tension


def test_a_layer_no_mesh_can_show_is_refused():
    with pytest.raises(BadInput, match=r"too thin for a mesh of 2\.5e-09 m"):
        Coating(thickness=1e-9)


def test_one_command_gives_numbers_and_the_chart(tmp_path, monkeypatch, capsys):
    from nanoprobe.cli.app import _status

    chart = tmp_path / "coating.png"
    words = ["simulate", "coating", "--thickness", "50 nm", "--conductivity", "1e-2", "--modulus", "1 GPa,10 GPa"]
    monkeypatch.setattr("sys.argv", ["nanoprobe", *words, "--chart", str(chart), "--json"])
    assert _status() == 0
    assert [each["coating"] is None for each in json.loads(capsys.readouterr().out)] == [True, False, False]
    assert chart.read_bytes().startswith(b"\x89PNG")
    monkeypatch.setattr("sys.argv", ["nanoprobe", "simulate", "coating", "--modulus", "0"])
    assert _status() == 2
    assert "must be positive" in capsys.readouterr().err
