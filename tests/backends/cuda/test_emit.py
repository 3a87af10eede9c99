"""Random programs: the CUDA C++ text, compiled for the host, against the array code itself."""

from __future__ import annotations

import numpy as np
import pytest

from mxtrain.backends.cuda import nvrtc
from mxtrain.backends.cuda.array_code import array_recipe
from mxtrain.backends.cuda.emit import collapse, emit_assignment, number
from mxtrain.backends.cuda.expression import FUNCTIONS, REDUCTIONS, Expr, Leaf
from mxtrain.backends.cuda.trace import trace
from mxtrain.base.bfloat16 import narrow, widen
from mxtrain.base.types import CHANNELS_LAST, PLAIN, TensorType, numpy_dtype, view
from tests.backends.cuda.fake import fake_device
from tests.backends.cuda.test_fake import needs_compiler

ONE = ["negative", "abs", "sign", "square", "exp", "expm1", "tanh", "sin", "cos", "erf", "floor", "trunc", "rint"]
TWO = ["add", "subtract", "multiply", "maximum", "minimum", "logaddexp", "greater", "equal", "logical_and"]
SHAPE = (3, 8, 5, 4)


def random_code(rng, depth):
    """Array code of random functions over two arrays, a row, a column, and a scalar."""
    steps = [(str(rng.choice(ONE + 2 * TWO + ["where"])), rng.integers(0, 1 << 30, 3)) for _ in range(depth)]

    def run(xp, ins, outs):
        x, y, column, scalar = ins
        values = [xp.tanh(x), xp.tanh(y), column, scalar, 0.5 * xp.tanh(x) + scalar]
        for name, picks in steps:
            a, b, c = (values[int(k) % len(values)] for k in picks)
            if name == "where":
                made = xp.where(a > b, b, c)
            elif name == "erf":
                made = xp.erf(a) if hasattr(xp, "erf") else FUNCTIONS["erf"].numpy(a).astype(np.float32)
            else:
                made = getattr(xp, name)(a) if name in ONE else getattr(xp, name)(a, b)
            values.append(xp.tanh(made * 1.0))
        outs[0][...] = values[-1] + values[-2]
        outs[1][...] = values[-3] * values[-1]

    return run


def store(device, t, value):
    a = view(device.empty(t.nbytes), t)
    device.put(a, narrow(value) if t.dtype == "bfloat16" else value.astype(numpy_dtype(t.dtype)))
    return a


def fetch(device, a, t):
    host = device.fetch(a)
    return widen(host) if t.dtype == "bfloat16" else host.astype(np.float32)


def compare(run, ins, outs, rng, tolerance, compile_all=True):
    """The compiled code on the fake device against the array code on NumPy."""
    device = fake_device(compile_all=compile_all)
    recipe = array_recipe(device, run, ins, outs)
    assert recipe is not None
    arrays = [store(device, t, rng.standard_normal(t.shape).astype(np.float32)) for t in ins]
    results = [view(device.zeros(t.nbytes), t) for t in outs]
    scratch = device.empty(max(recipe.scratch, 1))
    function, args = recipe.prepare(arrays, results, scratch)
    assert function(*args) == 0
    host = [fetch(device, a, t) for a, t in zip(arrays, ins, strict=True)]
    want = [np.zeros(t.shape, np.float32) for t in outs]
    run(np, host, want)
    for a, t, w in zip(results, outs, want, strict=True):
        np.testing.assert_allclose(fetch(device, a, t), w, rtol=tolerance, atol=tolerance)
    return recipe


@needs_compiler
@pytest.mark.parametrize("layout", [PLAIN, CHANNELS_LAST], ids=str)
@pytest.mark.parametrize(("dtype", "tolerance"), [("float32", 1e-5), ("bfloat16", 1e-2), ("float16", 2e-3)])
@pytest.mark.parametrize("depth", [2, 6, 14])
def test_random_trees(rng, depth, dtype, tolerance, layout):
    x = TensorType(SHAPE, dtype, layout)
    ins = [x, x, TensorType((8, 1, 1)), TensorType(())]
    compare(random_code(rng, depth), ins, [x, x], rng, tolerance)


@pytest.mark.parametrize("case", range(150))
def test_random_trees_mean_what_the_array_code_means(rng, case):
    x = TensorType(SHAPE)
    ins = [x, x, TensorType((8, 1, 1)), TensorType(())]
    compare(random_code(rng, 1 + case % 20), ins, [x, x], rng, 1e-5, compile_all=False)


@needs_compiler
@pytest.mark.parametrize("size", [1, 7, 1024, 1027])
def test_vectors_and_what_is_left_of_them(rng, size):
    def run(xp, ins, outs):
        outs[0][...] = ins[0] * ins[1] + 1
        outs[1][...] = ins[0]

    ins = [TensorType((size,), "float16"), TensorType(())]
    compare(run, ins, [TensorType((size,), "float16")] * 2, rng, 2e-3)


@needs_compiler
def test_bits_are_moved_and_whole_numbers_converted(rng):
    device = fake_device(compile_all=True)
    bits, whole = np.array([0x7FC1, 0x8000, 1], np.uint16), np.array([2**40 + 1, -5, 7])
    ins = [TensorType((3,), "bfloat16"), TensorType((3,), "int64")]
    outs = [TensorType((3,), d) for d in ("bfloat16", "int64", "float32", "bool")]

    def run(xp, ins, outs):
        outs[0][::-1] = ins[0]
        outs[1][...], outs[2][...], outs[3][...] = ins[1], ins[1], ins[1]

    arrays = [view(device.empty(t.nbytes), t) for t in ins]
    results = [view(device.zeros(t.nbytes), t) for t in outs]
    for a, h in zip(arrays, (bits, whole), strict=True):
        device.put(a, h)
    function, args = array_recipe(device, run, ins, outs).prepare(arrays, results, None)
    assert function(*args) == 0
    got = [device.fetch(r) for r in results]
    assert got[0].tolist() == bits[::-1].tolist() and got[1].tolist() == whole.tolist()
    assert got[2].tolist() == whole.astype(np.float32).tolist() and got[3].tolist() == [1, 1, 1]


def test_axes_that_lie_together_are_one():
    a, b = Leaf(0, "float32", 0, (60, 1, 15, 3)), Leaf(1, "float32", 0, (0, 1, 0, 0))
    dims = collapse((2, 3, 4, 5), [a, b], range(4), [a])
    assert dims.sizes == (40, 3) and dims.strides[a] == (3, 1) and dims.strides[b] == (0, 1)


@pytest.mark.parametrize("value", [0.0, -0.0, 1.5, -2.0, 1e30, 0.1, float("inf"), float("-inf")])
def test_numbers_are_written_in_full(value):
    text = number(value).strip("()").removesuffix("f")
    known = {"INFINITE": "inf", "-INFINITE": "-inf"}
    assert np.float32(float(known.get(number(value).strip("()"), text))) == np.float32(value)


@pytest.mark.skipif(not nvrtc.available(), reason="NVRTC is not installed")
@pytest.mark.parametrize(("sm", "dtype"), [(80, "bfloat16"), (90, "float16"), (100, "float32")])
def test_every_function_compiles(sm, dtype):
    def run(xp, ins, outs):
        total = ins[0] * 0
        for name, f in FUNCTIONS.items():
            args = [ins[0], ins[1], ins[0]][: 3 if "{2}" in f.text else 2 if "{1}" in f.text else 1]
            total = total + getattr(xp, name)(*args)
        outs[0][...] = total + xp.take(ins[1], xp.clip(ins[0], 0, 3), axis=0) + xp.arange(9)

    t = TensorType((9,), dtype)
    (work,) = trace(run, [t, t], [t]).work
    for vectors in (True, False):
        p = emit_assignment(work, vectors)
        assert nvrtc.compile_text(p.source.with_macros([]), p.source.name, f"sm_{sm}")[:4] == b"\x7fELF"


def test_the_table_of_functions_is_whole():
    assert {"sum", "max", "min", "prod"} == set(REDUCTIONS)
    assert isinstance(Expr("const", (), "float32"), Expr)
