from __future__ import annotations

import pytest

from mxtrain.base.errors import ShapeError
from tests.contract.values import forward, inferred, node_of


@pytest.mark.parametrize(
    ("params", "want"),
    [
        ({"start": 0, "stop": 1, "num": 5}, [0, 0.25, 0.5, 0.75, 1]),
        ({"start": 2, "stop": -3, "num": 4, "endpoint": False}, [2, 0.75, -0.5, -1.75]),
        ({"start": 2, "stop": 3, "num": 1}, [2]),
    ],
)  # fmt: skip
def test_values_are_mxnets(params, want):
    assert forward("linspace", params).tolist() == want


def test_types():
    assert node_of("linspace", {"start": 0, "stop": 1, "num": 2, "dtype": "float16"}, {}).types[0].dtype == "float16"
    with pytest.raises(ShapeError):
        inferred("linspace", {"start": 0, "stop": 1, "num": 2}, out=(3,))
