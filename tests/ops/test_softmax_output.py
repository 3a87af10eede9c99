import numpy as np
import pytest

from mxtrain.base.errors import ShapeError
from tests.contract.operators import Case, check_operator
from tests.contract.values import inferred

LABEL = {"label": lambda rng, shape: rng.integers(0, 5, shape)}
SOFT = {"label": lambda rng, shape: rng.dirichlet(np.ones(shape[1]), shape[0])}
IGNORE = {"use_ignore": True, "ignore_label": 2}
BOTH = ("float32", "bfloat16")
CASES = [
    Case({"data": (4, 5)}, make=LABEL, fixed=("label",), fast=True, dtypes=BOTH),
    Case({"data": (4, 5)}, {"grad_scale": 0.5, "normalization": "batch"}, make=LABEL, fixed=("label",)),
    Case({"data": (4, 5)}, {"smooth_alpha": 0.1}, make=LABEL, fixed=("label",)),
    Case(
        {"data": (4, 5)},
        {**IGNORE, "normalization": "valid"},
        make=LABEL,
        fixed=("label",),
    ),
    Case({"data": (4, 5)}, IGNORE, make=LABEL, fixed=("label",)),
    Case({"data": (2, 5, 3, 2)}, {"multi_output": True}, make=LABEL, fixed=("label",)),
    Case({"data": (2, 5, 3)}, {"multi_output": True, "normalization": "valid"}, make=LABEL, fixed=("label",)),
    Case({"data": (2, 3, 5)}, {"preserve_shape": True}, make=LABEL, fixed=("label",), fast=True),
    Case({"data": (2, 3, 5)}, make=LABEL, fixed=("label",), fast=True),
    Case({"data": (4, 5), "label": (4, 5)}, make=SOFT, fixed=("label",)),
]


def test_labels_of_positions_may_be_rows():
    p = {"multi_output": True}
    for label in ((2, 4, 5), (2, 20), (2, 3, 4, 5)):
        assert inferred("softmax_output", p, (2, 3, 4, 5), label)[0][1] == label
    assert inferred("softmax_output", p, (2, 3, 4, 5), None)[0][1] == (2, 4, 5)
    assert inferred("softmax_output", p, (2, 3, 4, None), (2, None))[0][1] == (2, None)
    with pytest.raises(ShapeError, match="label"):
        inferred("softmax_output", p, (2, 3, 4, 5), (2, 19))


@pytest.mark.parametrize("case", CASES, ids=str)
def test_contract(case, rng):
    check_operator("softmax_output", case, rng)
