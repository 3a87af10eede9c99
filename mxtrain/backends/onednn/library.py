"""Finding and loading libdnnl, its numeric codes, its engine and stream, and its threads."""

from __future__ import annotations

import ctypes as c
import os
from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum
from functools import cache
from importlib.metadata import PackageNotFoundError, files
from typing import Any

from mxtrain.base.errors import BackendUnavailable

_DISTRIBUTION, _FILE = "onednn-cpu-gomp", "libdnnl.so.3"


class Prop(IntEnum):
    """Propagation kinds."""

    TRAINING = 64
    INFERENCE = 96
    BACKWARD = 128
    BACKWARD_DATA = 160


class Flag(IntEnum):
    """Normalisation flags."""

    GLOBAL_STATS = 1
    SCALE = 2
    SHIFT = 4
    RELU = 8


class Arg(IntEnum):
    """Execution arguments."""

    SRC = 1
    SRC_1 = 2
    DST = 17
    WEIGHTS = 33
    BIAS = 41
    MEAN = 49
    VARIANCE = 50
    SCALE = 51
    SHIFT = 52
    WORKSPACE = 64
    SCRATCHPAD = 80
    DIFF_SRC = 129
    DIFF_DST = 145
    DIFF_WEIGHTS = 161
    DIFF_BIAS = 169
    DIFF_SCALE = 255
    DIFF_SHIFT = 256
    MULTIPLE_SRC = 1024
    POST_OP_BASE = 32768


class Algorithm(IntEnum):
    """Algorithms of primitives and post-ops."""

    CONVOLUTION_DIRECT = 0x1
    DECONVOLUTION_DIRECT = 0xA
    RELU = 0x20
    TANH = 0x21
    ELU = 0x22
    SQUARE = 0x23
    ABS = 0x24
    SQRT = 0x25
    LINEAR = 0x26
    SOFT_RELU = 0x27
    HARDSIGMOID = 0x28
    LOGISTIC = 0x29
    EXP = 0x2A
    GELU_TANH = 0x2B
    SWISH = 0x2C
    LOG = 0x2D
    CLIP_V2 = 0x2F
    POW = 0x30
    GELU_ERF = 0x31
    HARDSWISH = 0x34
    RELU_FROM_DST = 0x100
    TANH_FROM_DST = 0x101
    ELU_FROM_DST = 0x102
    SQRT_FROM_DST = 0x103
    LOGISTIC_FROM_DST = 0x104
    EXP_FROM_DST = 0x105
    POOLING_MAX = 0x1FF
    POOLING_AVG_INCLUDE_PADDING = 0x2FF
    POOLING_AVG_EXCLUDE_PADDING = 0x3FF
    LRN_ACROSS_CHANNELS = 0xAFF
    ADD = 0x1FFF0
    MUL = 0x1FFF1
    MAX = 0x1FFF2
    MIN = 0x1FFF3
    DIV = 0x1FFF4
    SUB = 0x1FFF5
    GE = 0x1FFF6
    LE = 0x1FFF8
    RESAMPLING_NEAREST = 0x2FFF0
    RESAMPLING_LINEAR = 0x2FFF1
    REDUCTION_MAX = 0x2FFF2
    REDUCTION_MIN = 0x2FFF3
    REDUCTION_SUM = 0x2FFF4
    REDUCTION_MEAN = 0x2FFF6
    SOFTMAX = 0x30000
    LOG_SOFTMAX = 0x30001


SPINS = 30_000
"""Turns that a thread waits actively before it sleeps."""


class ExecArg(c.Structure):
    """dnnl_exec_arg_t."""

    _fields_ = [("arg", c.c_int), ("memory", c.c_void_p)]


@contextmanager
def _soon_asleep() -> Iterator[None]:
    """The OpenMP library that is loaded inside lets its threads wait for work actively for tens of microseconds only.

    That is longer than what lies between two kernels. By itself it waits ten times as long, for milliseconds, and takes
    a core from the threads that decode the next batch (decision 008). Who sets either variable is obeyed.
    """
    name = "GOMP_SPINCOUNT"
    if name in os.environ or "OMP_WAIT_POLICY" in os.environ:
        yield
        return
    os.environ[name] = str(SPINS)
    try:
        yield
    finally:
        del os.environ[name]


@cache
def _load() -> Any:
    """The library, or None where it is not installed or does not load."""
    try:
        listed = files(_DISTRIBUTION) or []
    except PackageNotFoundError:
        return None
    found = next((f for f in listed if f.name == _FILE), None)
    if found is None:
        return None
    try:
        with _soon_asleep():
            lib = c.CDLL(str(found.locate()))
    except OSError:
        return None
    lib.dnnl_primitive_desc_query_md.restype = c.c_void_p
    lib.dnnl_primitive_desc_query_md.argtypes = [c.c_void_p, c.c_int, c.c_int]
    lib.dnnl_memory_desc_get_size.restype = c.c_size_t
    lib.dnnl_memory_desc_get_size.argtypes = [c.c_void_p]
    lib.dnnl_memory_desc_equal.argtypes = [c.c_void_p, c.c_void_p]
    lib.dnnl_primitive_execute.argtypes = [c.c_void_p, c.c_void_p, c.c_int, c.POINTER(ExecArg)]
    lib.dnnl_primitive_execute.restype = c.c_int
    return lib


def available() -> bool:
    """True if the library was found and loads."""
    return _load() is not None


def library() -> Any:
    """The loaded library.

    Raises:
        BackendUnavailable: if it is not installed or does not load.
    """
    lib = _load()
    if lib is None:
        raise BackendUnavailable(
            f"oneDNN ({_FILE}) was not found; `pip install {_DISTRIBUTION}` and the system's libgomp.so.1 give it"
        )
    return lib


class _Version(c.Structure):
    _fields_ = [("major", c.c_int), ("minor", c.c_int), ("patch", c.c_int), ("hash", c.c_char_p),
                ("cpu_runtime", c.c_uint), ("gpu_runtime", c.c_uint)]  # fmt: skip


def version() -> str:
    """Version of the library, such as 3.2.0."""
    function = library().dnnl_version
    function.restype = c.POINTER(_Version)
    v = function().contents
    return f"{v.major}.{v.minor}.{v.patch}"


def create(function: str, *args: Any) -> c.c_void_p | None:
    """Call a ``dnnl_..._create`` function; the handle it makes, or None if the library refuses."""
    handle = c.c_void_p()
    status = getattr(library(), function)(c.byref(handle), *args)
    return handle if status == 0 and handle.value else None


def must_create(function: str, *args: Any) -> c.c_void_p:
    """As `create`, where a refusal is a bug or a lack of memory.

    Raises:
        BackendUnavailable: naming the function.
    """
    handle = create(function, *args)
    if handle is None:
        raise BackendUnavailable(f"oneDNN refused {function}; is there enough memory?")
    return handle


@cache
def engine() -> c.c_void_p:
    """The CPU engine, one for the process."""
    return must_create("dnnl_engine_create", 1, c.c_size_t(0))


@cache
def stream() -> c.c_void_p:
    """The in-order stream, one for the process."""
    return must_create("dnnl_stream_create", engine(), 1)


def set_threads(count: int) -> None:
    """Set the number of OpenMP threads. Holds for primitives created and executed after it, on the calling thread."""
    if available():
        c.CDLL("libgomp.so.1").omp_set_num_threads(count)
