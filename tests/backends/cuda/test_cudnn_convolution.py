from __future__ import annotations

import ctypes as c

import numpy as np
import pytest

from mxtrain.backends.cuda import cudnn
from mxtrain.backends.cuda.cudnn import cudnn_of
from mxtrain.backends.cuda.cudnn_convolution import Perf, Problem, _descriptors, bias_activation, convolution
from mxtrain.backends.cuda.libraries import CUDNN
from mxtrain.backends.cuda.library import find
from mxtrain.base.errors import BackendUnavailable
from mxtrain.base.types import CHANNELS_LAST, TensorType, view
from tests.backends.cuda.fake import fake_device
from tests.backends.cuda.fakes import fake_cudnn, needs_compiler

pytestmark = needs_compiler


def problem(dtype="float32", groups=1):
    types = [TensorType(s, dtype, CHANNELS_LAST) for s in ((2, 4, 6, 5), (6, 4 // groups, 3, 3), (2, 6, 3, 3))]
    return Problem(*types, (2, 2), (1, 1), (1, 1), groups)


@pytest.fixture
def fake():
    with fake_cudnn() as found:
        yield found


def array(device, t, values):
    a = view(device.zeros(t.nbytes), t)
    device.put(a, values.astype(np.float32))
    return a


def test_the_fastest_within_the_workspace_is_chosen_once(fake, monkeypatch):
    fastest, timed = {"Forward": 1, "BackwardData": 0, "BackwardFilter": 0}, []

    def milliseconds(device, call):
        function, args = call
        assert function(*args) == 0
        timed.append((function.__name__.removeprefix("cudnnConvolution"), args[7]))
        name, algo = timed[-1]
        return 1.0 if algo == fastest[name] else 2.0

    monkeypatch.setattr("mxtrain.backends.cuda.measure.milliseconds", milliseconds)
    device = fake_device()
    assert convolution(device, "forward", problem()).name == "cudnn:forward:1/3"
    assert convolution(device, "data", problem()).name == "cudnn:data:0/3"
    found = convolution(device, "filter", problem())
    assert found.name == "cudnn:filter:0/3" and found.workspace == 0
    once = len(timed)
    assert once > 3 and once == len(set(timed))
    assert convolution(device, "forward", problem()).workspace == 4 * problem().y.size
    assert len(timed) == once


def test_deterministic_devices_get_deterministic_algorithms(fake):
    device = fake_device()
    device.runtime.tuning.deterministic = True
    assert [convolution(device, d, problem()).algo for d in ("forward", "data", "filter")] == [1, 1, 1]


def test_an_earlier_choice_is_taken_again_without_timing(fake):
    first, second = fake_device(), fake_device()
    convolution(first, "data", problem())
    (key,) = first.runtime.tuning.used
    fake.reset()
    second.runtime.tuning.give({key: "1/3"})
    assert convolution(second, "data", problem()).algo == 1 and fake.log == ["stream 7"]
    third = fake_device()
    third.runtime.tuning.give({key: "99/3"})
    assert convolution(third, "data", problem()).algo == 0


def test_float32_stays_float32_unless_tf32_is_asked_for(fake):
    device, fast = fake_device(), fake_device()
    fast.runtime.tf32 = True
    assert convolution(device, "forward", problem()).name.endswith("/3")
    assert convolution(fast, "forward", problem()).name.endswith("/0")
    assert convolution(device, "forward", problem("float16")).name.endswith("/1")


def test_without_room_to_measure_the_guess_is_taken(fake):
    assert convolution(fake_device(memory=100), "forward", problem()).algo == 1


def test_what_the_library_refuses_is_left_to_others(fake):
    for status in (2000, 3000):
        fake.fail("cudnnGetConvolutionForwardAlgorithm_v7", status)
        assert convolution(fake_device(), "forward", problem()) is None
    fake.fail("cudnnGetConvolutionForwardAlgorithm_v7", 4000)
    with pytest.raises(BackendUnavailable, match=r"^cudnnGetConvolutionForwardAlgorithm_v7: .* \(4000\)"):
        convolution(fake_device(), "forward", problem())
    assert convolution(fake_device(), "forward", problem("float64")) is None


def test_beta_adds_to_what_is_there(fake, rng):
    device, p = fake_device(), problem()
    conv = convolution(device, "data", p)
    arrays = [array(device, t, rng.standard_normal(t.shape)) for t in (p.w, p.y, p.x)]
    before = device.fetch(arrays[2])
    w, dy, dx = (device.address(a) for a in arrays)
    space = device.address(device.empty(conv.workspace + 1))
    results = []
    for beta in (0.0, 1.0):
        function, args = conv.call(w, dy, dx, space, beta)
        assert function(*args) == 0
        results.append(device.fetch(arrays[2]))
        if not beta:
            device.put(arrays[2], before)
    np.testing.assert_allclose(results[1], results[0] + before, atol=1e-5)


def test_exchanged_arguments_fail_with_the_librarys_text(fake):
    device, p = fake_device(), problem()
    conv = convolution(device, "data", p)
    function, args = conv.call(1, 1, 1, 0)
    swapped = list(args)
    swapped[2], swapped[4] = swapped[4], swapped[2]
    status = function(*swapped)
    assert status == 2000
    assert "cudnnConvolutionBackwardData: CUDNN_STATUS_BAD_PARAM (2000): (" in conv.dnn.explain(conv.function)(status)


@pytest.mark.parametrize("addend", [False, True])
@pytest.mark.parametrize("act", ["relu", None])
def test_bias_and_activation_in_one_call(fake, rng, act, addend):
    device, p = fake_device(), problem()
    conv = convolution(device, "forward", p)
    vector = TensorType((6,))
    x, w, b, z = (array(device, t, rng.standard_normal(t.shape)) for t in (p.x, p.w, vector, p.y))
    y, plain = (view(device.zeros(p.y.nbytes), p.y) for _ in range(2))
    space = device.address(device.empty(conv.workspace))
    at = device.address
    prepare = bias_activation(conv, p, act)
    function, args = prepare(at(x), at(w), at(b), at(z) if addend else None, at(y), space)
    assert function(*args) == 0
    function, args = conv.call(at(x), at(w), at(plain), space)
    assert function(*args) == 0
    want = device.fetch(plain) + device.fetch(b).reshape(1, -1, 1, 1) + (device.fetch(z) if addend else 0)
    np.testing.assert_allclose(device.fetch(y), np.maximum(want, 0) if act else want, atol=1e-5)


def test_activations_it_does_not_know_are_left_to_others(fake):
    device = fake_device()
    assert bias_activation(convolution(device, "forward", problem()), problem(), "tanh") is None
    assert bias_activation(convolution(device, "data", problem()), problem(), "relu") is None


def test_the_structure_of_results_is_the_librarys():
    # 4 + 4 + 4 (+ 4) + 8 + 4 + 4 + 12 (+ 4) bytes in cudnn_cnn.h on 64 bits.
    assert c.sizeof(Perf) == 48 and Perf.memory.offset == 16 and Perf.math.offset == 28


def test_no_library_no_convolution():
    device = fake_device()
    assert cudnn_of(device) is None and convolution(device, "forward", problem()) is None


@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "float16"])
@pytest.mark.parametrize(("x", "w", "y", "geometry"), [
    ((2, 4, 6, 5), (6, 4, 3, 3), (2, 6, 3, 3), ((2, 2), (1, 1), (1, 1), 1)),
    ((2, 4, 12), (6, 4, 3), (2, 6, 6), ((2,), (1,), (1,), 1)),
    ((1, 2, 5, 6, 7), (3, 2, 3, 3, 3), (1, 3, 5, 3, 3), ((1, 2, 3), (1, 1, 1), (1, 1, 1), 1)),
    ((2, 8, 9, 12), (8, 1, 3, 2), (2, 8, 7, 9), ((1, 1), (2, 3), (1, 0), 8)),
])  # fmt: skip
def test_the_real_library_sees_our_geometry(x, w, y, geometry, dtype):
    # Descriptors live on the host: where the wheel is, this needs no GPU.
    found = find(CUDNN)
    if found is None:
        pytest.skip("libcudnn.so.9 is not installed")
    dnn = cudnn.Cudnn.__new__(cudnn.Cudnn)
    dnn.lib, dnn.handle = cudnn.bind(found.handle, cudnn.CUDNN_TABLE), c.c_void_p()
    p = Problem(*(TensorType(s, dtype, CHANNELS_LAST) for s in (x, w, y)), *geometry)
    want = cudnn.with_plane(p.y).shape
    for direction, order in (("forward", (0, 1)), ("data", (2, 0)), ("filter", (0, 2))):
        descs = _descriptors(dnn, direction, p)
        out = (c.c_int * len(want))()
        first, second = (descs[k] for k in order)
        status = dnn.lib.cudnnGetConvolutionNdForwardOutputDim(descs[3], first, second, len(want), out)
        assert (status, tuple(out)) == (0, want), direction
