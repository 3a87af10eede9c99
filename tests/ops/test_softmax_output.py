import numpy as np
import pytest

from tests.contract.operators import Case, check_operator

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


@pytest.mark.parametrize("case", CASES, ids=str)
def test_contract(case, rng):
    check_operator("softmax_output", case, rng)
