from __future__ import annotations

import gc

import pytest

from mxtrain.backends.cuda import cudnn
from mxtrain.backends.cuda.cudnn import Refused, cudnn_of
from mxtrain.backends.cuda.libraries import CUDNN
from mxtrain.backends.cuda.library import find
from mxtrain.base.errors import BackendUnavailable
from mxtrain.base.types import CHANNELS_LAST, TensorType
from tests.backends.cuda.fake import fake_device
from tests.backends.cuda.fakes import fake_cudnn, needs_compiler


@needs_compiler
def test_one_handle_per_device_on_its_stream():
    device = fake_device()
    with fake_cudnn() as fake:
        first = cudnn_of(device)
        assert first is cudnn_of(device) and first is not cudnn_of(fake_device())
        assert fake.log == ["stream 7", "stream 7"] and first.version == "9.19.0"


@needs_compiler
def test_a_failure_names_function_and_texts():
    with fake_cudnn() as fake:
        dnn = cudnn_of(fake_device())
        fake.fail("cudnnSetTensorNdDescriptor", 2000)
        text = r"^cudnnSetTensorNdDescriptor: CUDNN_STATUS_BAD_PARAM \(2000\): asked for by the test$"
        with pytest.raises(BackendUnavailable, match=text):
            cudnn.tensor(dnn, TensorType((1, 2, 3, 4)))
        fake.fail("cudnnSetTensorNdDescriptor", 3001)
        with pytest.raises(Refused, match="3001"):
            cudnn.tensor(dnn, TensorType((1, 2, 3, 4)))


@needs_compiler
def test_a_handle_that_cannot_be_made_is_an_error():
    with fake_cudnn() as fake:
        fake.fail("cudnnCreate", 1001)
        with pytest.raises(BackendUnavailable, match=r"^cudnnCreate: CUDNN_STATUS_FAKE \(1001\)"):
            cudnn_of(fake_device())


@needs_compiler
def test_everything_is_freed():
    with fake_cudnn() as fake:
        device = fake_device()
        before = fake.living
        made = [cudnn.tensor(cudnn_of(device), TensorType((1, 2, 3))), cudnn.activation(cudnn_of(device), "relu")]
        assert fake.living == before + 3
        del made, device
        gc.collect()
        assert fake.living == before


def test_axes_that_are_not_there_are_of_size_1():
    assert cudnn.with_plane(TensorType((2, 3, 5))).shape == (2, 3, 1, 5)
    assert cudnn.with_plane(TensorType((2, 3, 4, 5, 6), layout=CHANNELS_LAST)).shape == (2, 3, 4, 5, 6)


def test_the_real_library_takes_our_descriptors():
    # Descriptors live on the host: where the wheel is, this needs no GPU.
    found = find(CUDNN)
    if found is None:
        pytest.skip("libcudnn.so.9 is not installed")
    dnn = cudnn.Cudnn.__new__(cudnn.Cudnn)
    dnn.lib, dnn.handle = cudnn.bind(found.handle, cudnn.CUDNN_TABLE), cudnn.c.c_void_p()
    t = TensorType((2, 3, 4, 5), layout=CHANNELS_LAST)
    assert cudnn.tensor(dnn, t).value and cudnn.filters(dnn, t._replace(dtype="bfloat16")).value
    assert cudnn.activation(dnn, "relu").value
    conv = cudnn.described(dnn, "Convolution", 2, *(cudnn.ints(v) for v in ((1, 1), (2, 2), (1, 1))), 1, 0)
    dnn.call("cudnnSetConvolutionGroupCount", conv, 3)
    dnn.call("cudnnSetConvolutionMathType", conv, 3)
    with pytest.raises(BackendUnavailable, match="BAD_PARAM"):
        cudnn.described(dnn, "Convolution", 2, *(cudnn.ints(v) for v in ((1, 1), (0, 2), (1, 1))), 1, 0)
