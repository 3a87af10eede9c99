from __future__ import annotations

import numpy as np
import pytest

from mxtrain.backends.cuda import nccl
from mxtrain.backends.cuda.libraries import NCCL
from mxtrain.backends.cuda.library import choose
from mxtrain.base.errors import BackendUnavailable, DistributedError
from tests.backends.cuda.fake import fake_device


class NcclError(RuntimeError):
    """CuPy's."""


class Communicator:
    """CuPy's, as far as one rank goes: it notes down what it is asked for."""

    def __init__(self, size, ident, rank):
        if not isinstance(ident, bytes) or rank >= size:
            raise NcclError("NCCL_ERROR_INVALID_ARGUMENT")
        self.calls, self.broken = [], False

    def allReduce(self, send, receive, count, datatype, op, stream):
        self._note("allReduce", send, receive, count, datatype, op, stream)

    def broadcast(self, send, receive, count, datatype, root, stream):
        self._note("broadcast", send, receive, count, datatype, root, stream)

    def check_async_error(self):
        self._note("check")

    def abort(self):
        self.calls.append(("abort",))

    def _note(self, *call):
        if self.broken:
            raise NcclError("NCCL_ERROR_REMOTE_ERROR: remote process exited")
        self.calls.append(call)


class Module:
    NcclError, NcclCommunicator = NcclError, Communicator


def rank(device, number=1):
    return nccl.Nccl(Module, device, number, 2, b"x" * 128)


def test_calls_carry_addresses_counts_types_and_streams():
    device = fake_device()
    comm = rank(device)
    array = device.zeros(40).view(np.float32)
    comm.all_reduce(array, 8)
    comm.broadcast(array, 0)
    comm.check()
    comm.abort()
    at = device.address(array)
    assert comm._comm.calls == [
        ("allReduce", at, at, 10, 7, 0, 8), ("broadcast", at, at, 10, 7, 0, 7), ("check",), ("abort",)
    ]  # fmt: skip
    assert (comm.rank, comm.size) == (1, 2)


def test_failures_name_the_rank():
    device = fake_device()
    comm = rank(device)
    comm._comm.broken = True
    text = r"^rank 1 of 2 on gpu:0: NCCL's check_async_error failed: NCCL_ERROR_REMOTE_ERROR: remote process exited$"
    with pytest.raises(DistributedError, match=text):
        comm.check()
    with pytest.raises(DistributedError, match="rank 2 of 2 on gpu:0 could not join the others: NCCL_ERROR_INVALID"):
        rank(device, 2)


def test_without_the_library_the_error_says_what_brings_it(tmp_path):
    choose(NCCL, str(tmp_path / "none.so"))
    nccl._module.cache_clear()
    try:
        assert "pip install 'mxtrain[nccl]'" in nccl.why_not()
        with pytest.raises(BackendUnavailable, match=r"several GPUs need NCCL: .*mxtrain\[nccl\]"):
            nccl.unique_id()
        with pytest.raises(BackendUnavailable):
            nccl.connect(fake_device(), 0, 1, b"")
    finally:
        choose(NCCL, "")
        nccl._module.cache_clear()


@pytest.mark.gpu
def test_one_rank_on_a_gpu():
    from mxtrain.backends import cuda

    if cuda.why_not() or nccl.why_not():
        pytest.skip("; ".join((*cuda.why_not(), nccl.why_not())))
    device = cuda.make_device(0)
    comm = nccl.connect(device, 0, 1, nccl.unique_id())
    array = device.zeros(40).view(np.float32)
    device.put(array, np.arange(10, dtype=np.float32))
    comm.all_reduce(array)
    comm.broadcast(array)
    comm.check()
    assert device.fetch(array).tolist() == list(range(10))
