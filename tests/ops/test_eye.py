from __future__ import annotations

import pytest

from mxtrain.base.errors import ShapeError
from tests.contract.values import forward, inferred, node_of


@pytest.mark.parametrize(
    ("params", "want"),
    [
        ({"N": 2}, [[1, 0], [0, 1]]), ({"N": 2, "M": 3, "k": 1}, [[0, 1, 0], [0, 0, 1]]),
        ({"N": 3, "M": 2, "k": -1}, [[0, 0], [1, 0], [0, 1]]), ({"N": 2, "k": 9}, [[0, 0], [0, 0]]),
    ],
)  # fmt: skip
def test_values_are_mxnets(params, want):
    assert forward("eye", params).tolist() == want


def test_types():
    assert node_of("eye", {"N": 2, "dtype": "int32"}, {}).types[0].dtype == "int32"
    with pytest.raises(ShapeError):
        inferred("eye", {"N": 2}, out=(2, 3))
