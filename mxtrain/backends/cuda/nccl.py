"""NCCL, by CuPy: one rank per process and GPU. The communicator of kvstore/communicator.py."""

from __future__ import annotations

import ctypes as c
from functools import cache
from typing import Any

from mxtrain.backends.cuda.libraries import NCCL
from mxtrain.backends.cuda.library import find
from mxtrain.backends.cuda.runtime import cuda_of
from mxtrain.base.device import Device
from mxtrain.base.errors import BackendUnavailable, DistributedError

TYPES = {"float32": 7, "float64": 8, "float16": 6, "int32": 2, "int64": 4, "uint8": 1}
SUM = 0


@cache
def _module() -> Any:
    """CuPy's module, or the reason why there is none, as text."""
    found = find(NCCL)
    if found is None:
        return f"{NCCL.files[0]} was not found; `pip install 'mxtrain[nccl]'` gives it"
    # CuPy links against the library by name: where a wheel brings it, it must be in the process already.
    c.CDLL(found.path, mode=c.RTLD_GLOBAL)
    try:
        from cupy.cuda import nccl
    except ImportError as e:
        return f"CuPy cannot be imported ({e}); `pip install 'mxtrain[cuda]'` gives it"
    return nccl if nccl.available else "this CuPy was built without NCCL"


def why_not() -> str:
    """What keeps this machine from using several GPUs; "" if nothing does."""
    found = _module()
    return found if isinstance(found, str) else ""


def _needed() -> Any:
    found = _module()
    if isinstance(found, str):
        raise BackendUnavailable(f"several GPUs need NCCL: {found}")
    return found


def unique_id() -> Any:
    """What rank 0 makes and gives to all others before they `connect`.

    Raises:
        BackendUnavailable: if there is no NCCL.
    """
    return _needed().get_unique_id()


class Nccl:
    """One rank of a communicator. Made by `connect`.

    Args:
        module: CuPy's.
        device: of this rank.
        rank, size: which of how many.
        ident: as `unique_id` gave it to rank 0.
    """

    def __init__(self, module: Any, device: Device, rank: int, size: int, ident: Any) -> None:
        self.module, self.device, self.rank, self.size = module, device, rank, size
        self._stream = cuda_of(device).stream
        self._errors = (module.NcclError, RuntimeError)
        try:
            self._comm = module.NcclCommunicator(size, ident, rank)
        except self._errors as e:
            raise DistributedError(f"rank {rank} of {size} on {device.name} could not join the others: {e}") from None

    def all_reduce(self, array: Any, stream: int | None = None) -> None:
        """Sum over all ranks, in place."""
        at = self.device.address(array)
        self._do("allReduce", at, at, array.size, TYPES[str(array.dtype)], SUM, self._on(stream))

    def broadcast(self, array: Any, root: int = 0, stream: int | None = None) -> None:
        """Take over the array of the rank `root`."""
        at = self.device.address(array)
        self._do("broadcast", at, at, array.size, TYPES[str(array.dtype)], root, self._on(stream))

    def check(self) -> None:
        """Look for an error that NCCL has noticed."""
        self._do("check_async_error")

    def abort(self) -> None:
        """End all calls that wait."""
        self._comm.abort()

    def _on(self, stream: int | None) -> int:
        return self._stream if stream is None else stream

    def _do(self, function: str, *args: int) -> None:
        try:
            getattr(self._comm, function)(*args)
        except self._errors as e:
            raise DistributedError(
                f"rank {self.rank} of {self.size} on {self.device.name}: NCCL's {function} failed: {e}"
            ) from None


def connect(device: Device, rank: int, size: int, ident: Any) -> Nccl:
    """This rank's end; returns when all ranks have come.

    Raises:
        BackendUnavailable: if there is no NCCL.
        DistributedError: if the ranks do not find each other.
    """
    return Nccl(_needed(), device, rank, size, ident)
