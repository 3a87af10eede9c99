from __future__ import annotations

import inspect

import pytest

from mxtrain.backends.cuda.device import CuPyRuntime
from mxtrain.backends.cuda.runtime import Cuda, cuda_of
from mxtrain.base.device import REFERENCE
from mxtrain.base.errors import BackendUnavailable
from tests.backends.cuda.fake import FakeCuda


def members(protocol):
    return {n for c in protocol.__mro__ for n, m in vars(c).items() if not n.startswith("_") and
            (inspect.isfunction(m) or isinstance(m, property))}  # fmt: skip


@pytest.mark.parametrize("made", [FakeCuda, CuPyRuntime])
def test_both_runtimes_have_all_of_the_protocol(made):
    text = inspect.getsource(made)
    for name in members(Cuda):
        assert hasattr(made, name) or f"self.{name} = " in text or f"self.{name}, " in text or f"self.{name}:" in text
    for name, member in vars(Cuda).items():
        if inspect.isfunction(member) and not name.startswith("_"):
            assert list(inspect.signature(member).parameters) == list(inspect.signature(getattr(made, name)).parameters)


def test_the_host_is_no_cuda_device(device):
    assert cuda_of(device) is device.runtime
    with pytest.raises(BackendUnavailable):
        cuda_of(REFERENCE)
