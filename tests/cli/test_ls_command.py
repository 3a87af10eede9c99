"""mxtrain ls."""

from __future__ import annotations

import re

import pytest

from mxtrain.cli.ls_command import FILES
from mxtrain.report.catalog import KINDS, registry


def test_kinds(mx):
    (counts,) = mx("ls", "--json").lines
    assert list(counts) == [*KINDS, *FILES] and min(counts.values()) >= 3
    assert [line.split()[0] for line in mx("ls").out.splitlines()[2:]] == list(counts)


@pytest.mark.parametrize("kind", [*KINDS, *FILES])
def test_every_entry_has_a_line(mx, kind):
    (listed,) = mx("ls", kind, "--json").lines
    assert listed and all(entry["summary"] and "\n" not in entry["summary"] for entry in listed)
    assert len(mx("ls", kind).out.splitlines()) == len(listed) + 2


@pytest.mark.parametrize("kind", KINDS)
def test_every_entry_can_be_asked(mx, kind):
    for name in registry(kind).names():
        (about,) = mx("ls", kind, name, "--json").lines
        assert about["description"] and all(p["doc"] for p in about["parameters"]), name


def test_one(mx):
    out = mx("ls", "operators", "convolution").out
    assert out.startswith("convolution: cross-correlation")
    assert "num_filter  a whole number >= 1 " in out and "required  number of output channels" in out
    assert mx("ls", "convolution").out == mx("ls", "operator", "convolution").out == out
    assert "No parameters." in mx("ls", "augmenters", "color").out


@pytest.mark.parametrize("kind", ["configs", "nets"])
def test_of_a_file_the_first_sentence(mx, kind):
    for line in mx("ls", kind).out.splitlines()[2:]:
        assert not line.endswith((",", ":", ";", " and", " of", " for", " to", " the", " whole", " units")), line


def test_files(mx):
    assert mx("ls", "nets", "lenet").out.startswith("# LeNet")
    assert "net:" in mx("ls", "configs", "digits", "--json").lines[0]["text"]
    assert re.search(r"there are: .*digits", mx("ls", "configs", "nope").err)


@pytest.mark.parametrize(
    ("args", "text"),
    [
        (["nope"], "the kinds are: operators"),
        (["operators", "convolutoin"], "did you mean 'convolution'"),
        (["constant"], "mxtrain ls schedules constant or mxtrain ls initializers constant"),
        (["nets", "../digits"], "no net '../digits'"),
    ],
)
def test_mistakes(mx, args, text):
    said = mx("ls", *args)
    assert said.code == 2 and text in said.err and not said.out


def test_a_misspelt_name_has_a_near_one(mx):
    assert "nothing is called 'sgdd'; did you mean 'sgd'? the kinds are: operators" in mx("ls", "sgdd").err
    assert "did you mean" not in mx("ls", "qqqqqq").err
