from __future__ import annotations

import ctypes as c

import numpy as np
import pytest

from mxtrain.backends.cuda import cublaslt
from mxtrain.backends.cuda.cublaslt import Epilogue, Product, aux_width, matmul
from mxtrain.backends.cuda.libraries import CUBLASLT
from mxtrain.backends.cuda.library import find
from mxtrain.base.errors import BackendUnavailable
from tests.backends.cuda.fake import fake_device
from tests.backends.cuda.fakes import fake_cublaslt, needs_compiler


@pytest.fixture
def fake():
    with fake_cublaslt() as found:
        yield found


def product(epilogue=Epilogue.NONE, **more):
    p = Product(1, 4, 6, 5, False, True, "float32", "float32", epilogue)
    return p._replace(**more)


def array(device, host):
    a = device.zeros(host.nbytes).view(host.dtype).reshape(host.shape)
    device.put(a, host)
    return a


def run(device, p, a, b, bias=None, aux=None):
    """The result, and what the call left in bias and aux."""
    m = matmul(device, p)
    arrays = [array(device, x.astype(np.float32)) for x in (a, b, np.zeros((p.batch, p.rows, p.cols)))]
    side = [None if x is None else array(device, x) for x in (bias, aux)]
    space = device.address(device.empty(m.workspace + 1))
    more = tuple(0 if x is None else device.address(x) for x in side)
    function, args = m.call(*(device.address(x) for x in arrays), space, more)
    assert function(*args) == 0
    return device.fetch(arrays[2]), *(None if x is None else device.fetch(x) for x in side)


def gelu(x):
    return 0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)))


@needs_compiler
@pytest.mark.parametrize("batch", [1, 3])
@pytest.mark.parametrize("ta", [False, True])
@pytest.mark.parametrize("tb", [False, True])
def test_row_major_products(fake, rng, batch, ta, tb):
    a, b = rng.standard_normal((batch, 4, 6)), rng.standard_normal((batch, 6, 5))
    p = product(batch=batch, transpose_a=ta, transpose_b=tb)
    got, _, _ = run(fake_device(), p, a.swapaxes(1, 2) if ta else a, b.swapaxes(1, 2) if tb else b)
    np.testing.assert_allclose(got, a @ b, atol=1e-5)


@needs_compiler
@pytest.mark.parametrize(
    "epilogue", [Epilogue.BIAS, Epilogue.RELU_BIAS, Epilogue.GELU_AUX_BIAS, Epilogue.RELU_AUX_BIAS]
)
def test_forward_epilogues(fake, rng, epilogue):
    a, b, bias = rng.standard_normal((4, 6)), rng.standard_normal((5, 6)), rng.standard_normal(5).astype(np.float32)
    p = product(epilogue)
    before = a @ b.T + bias
    width = aux_width(p)
    aux = (
        np.zeros((4, width), np.float32) if epilogue == Epilogue.GELU_AUX_BIAS else np.zeros((4, width // 8), np.uint8)
    )
    got, _, kept = run(fake_device(), p, a, b, bias, aux)
    want = {Epilogue.BIAS: before, Epilogue.GELU_AUX_BIAS: gelu(before)}.get(epilogue, np.maximum(before, 0))
    np.testing.assert_allclose(got[0], want, atol=1e-5)
    if epilogue == Epilogue.GELU_AUX_BIAS:
        np.testing.assert_allclose(kept[:, :5], before, atol=1e-5)
    if epilogue == Epilogue.RELU_AUX_BIAS:
        bits = np.unpackbits(kept, axis=1, bitorder="little")[:, :5]
        np.testing.assert_array_equal(bits, before > 0)


@needs_compiler
def test_backward_epilogues(fake, rng):
    dy, w = rng.standard_normal((4, 6)), rng.standard_normal((6, 5))
    x = rng.standard_normal((4, 5))
    sums = np.zeros(5, np.float32)
    p = product(Epilogue.DRELU_BGRAD, transpose_b=False)
    positive = np.zeros((4, aux_width(p)), np.uint8)
    positive[:, :5] = x > 0
    got, summed, _ = run(fake_device(), p, dy, w, sums, np.packbits(positive, axis=1, bitorder="little"))
    want = (dy @ w) * (x > 0)
    np.testing.assert_allclose(got[0], want, atol=1e-5)
    np.testing.assert_allclose(summed, want.sum(0), atol=1e-5)
    p = p._replace(epilogue=Epilogue.DGELU_BGRAD)
    aux = np.zeros((4, aux_width(p)), np.float32)
    aux[:, :5] = x
    got, summed, _ = run(fake_device(), p, dy, w, sums, aux)
    want = (dy @ w) * (gelu(x + 1e-6) - gelu(x - 1e-6)) / 2e-6
    np.testing.assert_allclose(got[0], want, atol=1e-4)
    np.testing.assert_allclose(summed, want.sum(0), atol=1e-4)


@needs_compiler
@pytest.mark.parametrize("side", ["rows", "cols"])
def test_sums_of_a_factor(fake, rng, side):
    # The library's B is our left factor, its A our right one; both sum over the inner axis.
    a, b = rng.standard_normal((4, 6)), rng.standard_normal((6, 5))
    epilogue = Epilogue.BGRADB if side == "rows" else Epilogue.BGRADA
    got, summed, _ = run(
        fake_device(), product(epilogue, transpose_b=False), a, b, np.zeros(4 if side == "rows" else 5, np.float32)
    )
    np.testing.assert_allclose(got[0], a @ b, atol=1e-5)
    np.testing.assert_allclose(summed, a.sum(1) if side == "rows" else b.sum(0), atol=1e-5)


@needs_compiler
def test_tf32_is_asked_for(fake):
    device, fast = fake_device(), fake_device()
    fast.runtime.tf32 = True
    assert [matmul(d, product()).compute for d in (device, fast)] == [68, 77]
    assert matmul(fast, product(dtype="bfloat16")).compute == 68


@needs_compiler
def test_choices_are_made_once_and_taken_again(fake):
    first, second = fake_device(), fake_device()
    chosen = matmul(first, product())
    assert len(fake.log) == 12, "two algorithms of three fit the workspace, six calls each"
    (key,) = first.runtime.tuning.used
    other = next(h for h in cublaslt._heuristics(*_search(first)) if h.workspace)
    assert other.name != chosen.name.split(":")[1]
    second.runtime.tuning.give({key: other.name})
    fake.reset()
    again = matmul(second, product())
    assert again.name == f"cublaslt:{other.name}" and again.workspace == 4096 and not fake.log


def _search(device):
    lt = cublaslt.cublaslt_of(device)
    return lt, product(), 68, cublaslt._layouts(lt, product()), False


@needs_compiler
def test_deterministic_devices_leave_out_sums_in_place(fake):
    lt, p, compute, layouts, _ = _search(fake_device())
    assert {h.algo.data[1] for h in cublaslt._heuristics(lt, p, compute, layouts, True)} == {2}


@needs_compiler
def test_what_it_does_not_support_and_what_fails(fake):
    fake.fail("cublasLtMatmulAlgoGetHeuristic", 15)
    assert matmul(fake_device(), product()) is None
    fake.fail("cublasLtMatmulAlgoGetHeuristic", 7)
    text = r"^cublasLtMatmulAlgoGetHeuristic of \(1, 4, 6, 5, .*: an unsupported value .* \(7\)$"
    with pytest.raises(BackendUnavailable, match=text):
        matmul(fake_device(), product())
    fake.reset()
    m = matmul(fake_device(), product())
    function, args = m.call(0, 4096, 4096, 0)
    assert function(*args) == -7
    assert m.lt.explain(-7) == "cublasLtMatmul: an unsupported value or parameter was passed to the function (7)"


@needs_compiler
def test_without_room_to_measure_the_guess_is_taken(fake):
    device = fake_device(memory=10)
    assert matmul(device, product()).workspace == 0


@needs_compiler
def test_everything_is_freed(fake):
    device = fake_device()
    before = fake.living
    m = matmul(device, product())
    call = m.call(0, 0, 0, 0)
    assert fake.living > before
    del m, call
    cublaslt._HANDLES.clear()
    assert fake.living == before


def test_structures_are_the_librarys():
    assert c.sizeof(cublaslt._Algo) == 64 and c.sizeof(cublaslt._Heuristic) == 96


def test_the_real_library_takes_our_descriptors():
    # Descriptors live on the host: where the wheel is, this needs no GPU.
    found = find(CUBLASLT)
    if found is None:
        pytest.skip("libcublasLt is not installed")
    lt = cublaslt.CublasLt.__new__(cublaslt.CublasLt)
    lt.lib, lt.handle = cublaslt.bind(found.handle, cublaslt.CUBLASLT_TABLE), c.c_void_p()
    for epilogue in Epilogue:
        assert cublaslt._operation(lt, product(epilogue), 68, 4096, 4096).value
    assert all(d.value for d in cublaslt._layouts(lt, product(batch=3)))
    preference = cublaslt._made(lt, "MatmulPreference")
    preference.set(cublaslt._Preference.WORKSPACE, c.c_uint64(1 << 20))
    preference.set(cublaslt._Preference.REDUCTION, c.c_uint32(2))
    for k in range(4):
        preference.set(cublaslt._Preference.ALIGNMENT + k, c.c_uint32(16))
