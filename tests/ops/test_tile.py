from __future__ import annotations

import pytest

from mxtrain import ops
from mxtrain.base.errors import ShapeError
from tests.contract.operators import Case, check_operator
from tests.contract.values import forward, inferred

CASES = [
    Case({"data": (3, 4)}, {"reps": 2}, dtypes=("float32", "bfloat16")),
    Case({"data": (3, 4)}, {"reps": (2, 1, 3)}),
    Case({"data": (2, 3, 2, 2)}, {"reps": (2, 3)}),
    Case({"data": (3,)}, {"reps": ()}),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_contract(case, rng):
    check_operator("tile", case, rng)


@pytest.mark.parametrize(
    ("reps", "want"), [((2,), (3, 8)), ((2, 1, 2), (2, 3, 8)), ((1, 2, 1, 2), (1, 2, 3, 8)), ((), (3, 4))]
)
def test_reps_and_axes_are_aligned_at_the_end(reps, want):
    assert inferred("tile", {"reps": reps}, (3, 4))[1] == want


def test_copies_lie_after_each_other():
    assert forward("tile", {"reps": (2, 2)}, data=[[1, 2]]).tolist() == [[1, 2, 1, 2], [1, 2, 1, 2]]


def test_an_unknown_axis_is_found_from_the_output():
    assert inferred("tile", {"reps": (2,)}, (None, 3), out=(5, 6)) == ([(5, 3)], (5, 6))
    assert inferred("tile", {"reps": (2,)}, None, out=(5, 6)) == ([(5, 3)], (5, 6))
    with pytest.raises(ShapeError, match=r"must be a multiple of reps \(2,\), got \(5, 7\)"):
        inferred("tile", {"reps": (2,)}, (5, None), out=(5, 7))


def test_no_copies_are_refused():
    with pytest.raises(ValueError, match="reps"):
        ops.get("tile").params(reps=(0, 2))
