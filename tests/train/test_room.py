from __future__ import annotations

import pytest

from mxtrain.base.errors import EnvironmentFault
from mxtrain.train.room import GIB, SLACK, Need, check_room, held, largest


@pytest.mark.parametrize(("rows", "most"), [(256, 100), (256, 255), (8, 1), (8, 0), (1, 0), (400, 399)])
def test_the_largest_batch_is_found(rows, most):
    asked = []
    found = largest(rows, lambda n: asked.append(n) or n <= most)
    assert most - max(1, most // 16) <= found <= most and len(asked) <= 10 and 0 not in asked


def need(n):
    return Need(GIB, n * GIB // 10)


def test_what_fits_is_not_refused():
    check_room("gpu:0", 10 * GIB + SLACK, 100, need)


def test_what_does_not_fit_is_refused_with_the_batch_that_does():
    with pytest.raises(EnvironmentFault) as caught:
        check_room("gpu:0", 5 * GIB + SLACK, 100, need)
    assert str(caught.value) == (
        "out of memory on gpu:0: 100 samples at once take 10.00 GiB beside 1.00 GiB of parameters and optimizer state, "
        "and 5.25 GiB are free; batch_size=50 fits, or grad_accum=2 with the batch as it is"
    )


def test_nothing_fits():
    with pytest.raises(EnvironmentFault, match="not even one sample fits"):
        check_room("gpu:0", SLACK, 100, need)


def test_the_arenas_of_a_store(bench):
    built = bench.built()
    size = sum(t.nbytes for t in built.program.store.parameters.types.values())
    # Parameters, gradients and momentum, each array on cache lines of its own.
    assert 3 * size <= held(built.program.store) < 3 * size + 3 * 64 * 4
