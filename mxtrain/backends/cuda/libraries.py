"""The libraries of NVIDIA that kernels call: names, wheels that bring them, what is there and what is not."""

from __future__ import annotations

import ctypes as c
from typing import NamedTuple

from mxtrain.backends.cuda._prototypes import CUBLASLT_TABLE, CUDNN_TABLE, NVJPEG_TABLE, Table, missing
from mxtrain.backends.cuda.library import NVRTC, Library, chosen, find

CUBLASLT = Library(("libcublasLt.so.13", "libcublasLt.so.12"), ("nvidia-cublas", "nvidia-cublas-cu12"))
# cuDNN opens cuBLASLt and NVRTC by name at run time: what is loaded already is what it finds.
CUDNN = Library(("libcudnn.so.9",), ("nvidia-cudnn-cu13", "nvidia-cudnn-cu12"), (CUBLASLT, NVRTC))
NVJPEG = Library(("libnvjpeg.so.13", "libnvjpeg.so.12"), ("nvidia-nvjpeg", "nvidia-nvjpeg-cu12"))
NCCL = Library(("libnccl.so.2",), ("nvidia-nccl-cu13", "nvidia-nccl-cu12"))


class Wanted(NamedTuple):
    """A library and what it is for.

    Args:
        extra: of mxtrain's own, which brings it.
        needed: False where something else does the work without it.
        table: functions that must be there.
    """

    name: str
    library: Library
    purpose: str
    extra: str
    needed: bool
    table: Table


class State(NamedTuple):
    """What was found of a library.

    Args:
        version: "" if it is not there.
        place: wheel or file it came from.
        problem: what is wrong and the command that helps; "" if nothing is.
    """

    name: str
    version: str
    place: str
    problem: str


WANTED = (
    Wanted("cuDNN", CUDNN, "convolution, pooling, LRN", "cuda", True, CUDNN_TABLE),
    Wanted("cuBLASLt", CUBLASLT, "products of matrices", "cuda", True, CUBLASLT_TABLE),
    Wanted("nvJPEG", NVJPEG, "decoding on the GPU", "nvjpeg", False, NVJPEG_TABLE),
    Wanted("NCCL", NCCL, "several GPUs", "nccl", False, {"ncclGetVersion": ("p", "i")}),
)


def states() -> list[State]:
    """Every library: version, place, and what to do about those that are not there."""
    return [_state(w) for w in WANTED]


def _state(w: Wanted) -> State:
    found = find(w.library)
    if found is None:
        where = f"; {chosen(w.library)} was configured and does not load" if chosen(w.library) else ""
        problem = f"{w.library.files[0]} was not found{where}; `pip install 'mxtrain[{w.extra}]'` gives it"
        return State(w.name, "", "", problem)
    lacking = missing(found.handle, w.table)
    text = ""
    if lacking:
        text = f"{found.path} lacks {', '.join(lacking)}; `pip install --upgrade {w.library.wheels[0]}` may help"
    return State(w.name, _version(w.name, found.handle), found.wheel or found.path, text)


def _version(name: str, handle: c.CDLL) -> str:
    """The version as the library says it."""
    if name == "cuDNN":
        handle.cudnnGetVersion.restype = c.c_size_t
        return dotted(handle.cudnnGetVersion())
    if name == "cuBLASLt":
        handle.cublasLtGetVersion.restype = c.c_size_t
        return dotted(handle.cublasLtGetVersion())
    if name == "nvJPEG":
        return ".".join(str(_property(handle, k)) for k in range(3))
    number = c.c_int()
    handle.ncclGetVersion(c.byref(number))
    return f"{number.value // 10000}.{number.value // 100 % 100}.{number.value % 100}"


def dotted(number: int) -> str:
    """91900 as 9.19.0: how cuDNN and cuBLAS count."""
    return f"{number // 10000}.{number // 100 % 100}.{number % 100}"


def _property(handle: c.CDLL, which: int) -> int:
    value = c.c_int()
    handle.nvjpegGetProperty(which, c.byref(value))
    return value.value
