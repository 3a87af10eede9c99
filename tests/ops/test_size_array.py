from __future__ import annotations

import numpy as np
import pytest

from tests.contract.values import backward, forward, inferred, node_of


@pytest.mark.parametrize("shape", [(2, 3), (5,), (2, 0)])
def test_it_is_the_number_of_elements(shape):
    assert forward("size_array", {}, data=np.zeros(shape)).tolist() == [np.prod(shape)]


def test_type_and_gradient():
    assert inferred("size_array", {}, None)[1] == (1,)
    assert node_of("size_array", {}, {"data": np.zeros((4, 3))}).types[0].dtype == "int64"
    assert backward("size_array", {}, [1], data=[[1, 2]]) == {}
