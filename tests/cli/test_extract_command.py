"""mxtrain extract."""

from __future__ import annotations


def test_values_of_a_layer(mx, trained, folder):
    name = str(folder / "images/val/dark/0.png")
    (record,) = mx("extract", trained, name, "--layer", "conv").lines
    assert record["shape"] == [2, 4, 4] and len(record["values"]) == 32 and record["path"] == name
    assert mx("extract", trained, name, "--layer", "conv_output").lines[0]["values"] == record["values"]


def test_the_layers_there_are(mx, trained):
    for extra in ((), ("--layer", "nope")):
        said = mx("extract", trained, "x.png", *extra)
        assert said.code == 2 and "there are: conv, flat, fc, softmax" in said.err


def test_files_that_cannot_be_read(mx, trained):
    said = mx("extract", trained, "nope.png", "--layer", "fc")
    assert said.code == 3 and "error" in said.lines[0]
    assert said.err == "mxtrain: 1 file could not be read; its line says why\n"
