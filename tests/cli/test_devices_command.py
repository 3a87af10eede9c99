"""mxtrain devices."""

from __future__ import annotations

import pytest

from mxtrain.backends import onednn
from mxtrain.cli import devices_command


def test_what_there_is(mx):
    (found,) = mx("devices", "--json").lines
    assert found["devices"] == ["cpu"] and found["cores"] >= 1 and "reference" in found["kernels"]
    said = mx("devices")
    assert [line.split()[0] for line in said.out.splitlines()] == [key for key in found if key != "advice"]


def test_advice_without_onednn(mx, monkeypatch):
    monkeypatch.setattr(onednn, "available", lambda: False)
    said = mx("devices")
    assert said.code == 0 and "onednn   not found" in said.out and "oneDNN was not found" in said.err
    assert mx("devices", "--json").lines[0]["kernels"] == ["reference"]


@pytest.mark.parametrize(
    ("system", "machine", "text"),
    [("Linux", "aarch64", "is made for Linux on x86-64; this is Linux on aarch64"), ("Darwin", "x86_64", "Darwin")],
)
def test_other_machines(system, machine, text):
    assert text in devices_command._advice(system, machine)[1]


def test_installed_and_not_loading(monkeypatch):
    import importlib.metadata

    monkeypatch.setattr(importlib.metadata, "version", lambda name: "2023.2.0")
    assert "libgomp.so.1" in devices_command._advice("Linux", "x86_64")[1]

    def missing(name):
        raise importlib.metadata.PackageNotFoundError

    monkeypatch.setattr(importlib.metadata, "version", missing)
    assert "pip install onednn-cpu-gomp" in devices_command._advice("Linux", "x86_64")[1]
