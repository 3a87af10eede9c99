from dataclasses import replace

import numpy as np
import pytest

from mxtrain.base.types import CHANNELS_LAST, PLAIN, TensorType
from mxtrain.graph import Entry
from mxtrain.ops.batch_norm import BACKWARD, OP, Backward, Fused
from tests.backends.cuda.fake import fake_device
from tests.contract.kernels import close, reference, run_kernel, typed
from tests.contract.operators import Case, check_operator, rounded

BOTH = ("float32", "bfloat16")
FREE = {"fix_gamma": False, "eps": 1e-2}
CASES = [
    Case({"data": (4, 3, 5, 5)}, FREE, fast=True, dtypes=BOTH),
    Case({"data": (4, 3, 5, 5)}, {}, fast=True),
    Case({"data": (6, 5)}, FREE, fast=True),
    Case({"data": (4, 3, 5, 5)}, {**FREE, "use_global_stats": True}, fast=True),
    Case({"data": (2, 5, 5, 3)}, {**FREE, "axis": -1}),
    Case({"data": (2, 3, 4, 4, 4)}, FREE, fast=True),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_contract(case, rng):
    check_operator("batch_norm", case, rng)


SHAPES = [(2, 8, 5, 5), (4, 64, 40, 40), (3, 5, 6, 7), (2, 320, 2, 3), (700, 48)]


@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "float16"])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("act", [None, "relu"])
def test_a_gpus_kernels_where_channels_lie_side_by_side(rng, shape, act, dtype):
    t = TensorType(shape, dtype, CHANNELS_LAST if len(shape) > 2 else PLAIN)
    one = TensorType(shape[1:2])
    params = Fused(act=act, fix_gamma=False, eps=1e-2)
    node = typed(OP, params, [t, one, one, one, one], [t, one, one, TensorType((0,), "uint8")])
    x = rounded(rng.standard_normal(shape) * 2 + 5, dtype)
    gamma, beta, mean, var = (rng.standard_normal(one.shape) for _ in range(4))
    values = [x, gamma, beta, mean, var**2 + 0.5]
    want, made = reference(node, values)
    got, ours, name = run_kernel(node, "cuda", fake_device(), values)
    assert name == "cuda:batch_norm"
    for i in range(3):
        close(got[i], want[i], "float32" if i else dtype, f"output {i}")
    dy = rounded(rng.standard_normal(shape), dtype)
    back = typed(BACKWARD, Backward(params), [t, t, one, one, one, ours.types[3]], [t, one, one])
    got_back, _, name = run_kernel(back, "cuda", fake_device(), [dy, x, gamma, got[1], got[2], got[3]])
    assert name == "cuda:batch_norm"
    slow = replace(back, inputs=(*back.inputs[:5], Entry(replace(back.inputs[5].node, types=(made.types[3],)))))
    # The mask is the kernel's own: where a value is rounded across zero, dy goes the way the output went.
    alive = (got[0] > 0).reshape(-1).astype(np.uint8) if act else np.zeros(0, np.uint8)
    want_back, _ = reference(slow, [dy, x, gamma, got[1], got[2], alive])
    for i in range(3):
        close(got_back[i], want_back[i], dtype if not i else "float32", f"gradient {i}")


def test_statistics_of_a_large_mean_keep_their_digits(rng):
    t, one = TensorType((4096, 8)), TensorType((8,))
    node = typed(OP, Fused(act=None), [t, one, one, one, one], [t, one, one, TensorType((0,), "uint8")])
    x = (rng.standard_normal(t.shape) + 1e4).astype(np.float32)
    got, _, _ = run_kernel(node, "cuda", fake_device(), [x, *np.zeros((4, 8))])
    np.testing.assert_allclose(got[2], x.astype(np.float64).var(axis=0), rtol=2e-3)
