from __future__ import annotations

import pytest

from mxtrain.base.errors import ShapeError
from tests.contract.operators import Case, check_operator
from tests.contract.values import forward, inferred


@pytest.mark.parametrize("case", [Case({}, {"shape": (2, 3)}), Case({}, {"shape": (4,), "dtype": "int32"})], ids=str)
def test_contract(case, rng):
    check_operator("zeros", case, rng)


def test_values():
    assert forward("zeros", {"shape": (2, 3)}).tolist() == [[0, 0, 0], [0, 0, 0]]


def test_sizes_of_zero_are_what_the_reader_needs():
    assert inferred("zeros", {"shape": (2, 0)}, out=(None, 5))[1] == (2, 5)
    assert inferred("zeros", {}, out=(3, 5))[1] == (3, 5)
    with pytest.raises(ShapeError, match="zeros 'y'"):
        inferred("zeros", {"shape": (2, 0)}, out=(3, 5))
