from __future__ import annotations

import pytest

from mxtrain.formats.old_attrs import modern


@pytest.mark.parametrize(
    ("attrs", "want"),
    [
        ({"target_shape": "(2, 144)"}, {"shape": "(2, 144)"}),
        ({"target_shape": "(0,144)"}, {"shape": "(-1, 144)"}),
        ({"target_shape": "(0, 0)", "keep_highest": "True", "shape": "()"}, {"shape": "(0, -1)"}),
        ({"target_shape": "(0, 0)", "shape": "(0, -1)", "keep_highest": "False"}, None),
        ({"target_shape": "(3,)", "shape": "(0, -1)", "keep_highest": "1"}, {"shape": "(0, -1)"}),
        ({"shape": "(0, -1)", "keep_highest": "True"}, {"shape": "(0, -1)"}),
        ({"target_shape": "(0, 0, 4)"}, None),
        ({"target_shape": "(a"}, None),
        ({"shape": "(2, -1)"}, None),
    ],
)
def test_the_old_target_of_a_reshape(attrs, want):
    assert modern("Reshape", attrs, 800) == (attrs if want is None else want)
    assert modern("Flatten", attrs, 800) == attrs


@pytest.mark.parametrize(("version", "want"), [(904, {}), (905, {"axis": "-1"})])
def test_an_axis_of_minus_one_once_meant_none(version, want):
    assert modern("argmax", {"axis": "-1"}, version) == want
