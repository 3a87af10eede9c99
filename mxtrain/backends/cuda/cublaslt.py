"""Products of matrices by cuBLASLt, with what may follow them in the same call.

The library thinks in columns. A row-major matrix (R, C) is to it a column-major one (C, R), so Y = A B is asked for as
Y^T = B^T A^T: the factors change places, and a factor that we have transposed is what it calls transposed too. A bias
along our columns is along its rows, where it wants it.
"""

from __future__ import annotations

import ctypes as c
import hashlib
import math
import sys
import weakref
from collections.abc import Callable
from enum import IntEnum
from typing import Any, NamedTuple

from mxtrain.backends.cuda._prototypes import CUBLASLT_TABLE, bind, missing
from mxtrain.backends.cuda.libraries import CUBLASLT, dotted
from mxtrain.backends.cuda.library import find
from mxtrain.backends.cuda.measure import Stopwatch, numbers
from mxtrain.backends.cuda.planned import is_planned
from mxtrain.backends.cuda.runtime import cuda_of
from mxtrain.backends.cuda.tuning import key_of
from mxtrain.base.device import Device
from mxtrain.base.errors import BackendUnavailable
from mxtrain.base.types import ITEMSIZE
from mxtrain.graph import Call

DTYPES = {"float32": 0, "float16": 2, "bfloat16": 14}
COMPUTE_32F, COMPUTE_32F_FAST_TF32 = 68, 77
WORKSPACE = 32 << 20
CANDIDATES = 8
ALIGNED = 16
"""Bytes of which every matrix's address is a multiple."""

INVALID, NOT_SUPPORTED = 7, 15
_SOME_ADDRESS = 4096


class Epilogue(IntEnum):
    """What follows a product. AUX: a second matrix, of what GELU was taken of, or of bits where ReLU was positive."""

    NONE = 1
    RELU = 2
    BIAS = 4
    RELU_BIAS = 6
    RELU_AUX_BIAS = 134
    DRELU_BGRAD = 152
    GELU_AUX_BIAS = 164
    DGELU_BGRAD = 208
    BGRADA = 256
    BGRADB = 512


class _Algo(c.Structure):
    """cublasLtMatmulAlgo_t."""

    _fields_ = [("data", c.c_uint64 * 8)]


class _Heuristic(c.Structure):
    """cublasLtMatmulHeuristicResult_t."""

    _fields_ = [("algo", _Algo), ("workspace", c.c_size_t), ("state", c.c_int), ("waves", c.c_float),
                ("reserved", c.c_int * 4)]  # fmt: skip

    @property
    def name(self) -> str:
        """What the algorithm is called in the cache of timed choices."""
        return hashlib.sha256(bytes(self.algo)).hexdigest()[:12]


class _Desc(IntEnum):
    """Attributes of a product."""

    TRANSA = 3
    TRANSB = 4
    EPILOGUE = 7
    BIAS_POINTER = 8
    AUX_POINTER = 11
    AUX_LD = 12


class _Matrix(IntEnum):
    """Attributes of a matrix."""

    BATCH_COUNT = 5
    BATCH_STRIDE = 6


class _Preference(IntEnum):
    """Attributes of the search."""

    WORKSPACE = 1
    REDUCTION = 3
    ALIGNMENT = 5  # A, and with 6, 7, 8 B, C, D


class Product(NamedTuple):
    """(B, M, K) times (B, K, N) -> (B, M, N), all plain and dense.

    Args:
        transpose_a, transpose_b: that factor's matrices are given transposed.
        dtype: of both factors.
        out: dtype of the result.
    """

    batch: int
    rows: int
    inner: int
    cols: int
    transpose_a: bool
    transpose_b: bool
    dtype: str
    out: str
    epilogue: Epilogue = Epilogue.NONE

    @property
    def shapes(self) -> tuple[tuple[int, int], ...]:
        """Rows and columns of factors and result, as they are given."""
        a, b = (self.rows, self.inner), (self.inner, self.cols)
        return a[::-1] if self.transpose_a else a, b[::-1] if self.transpose_b else b, (self.rows, self.cols)


class CublasLt:
    """A handle.

    Args:
        lib: the library with its prototypes.
    """

    def __init__(self, lib: Any) -> None:
        self.lib, self.handle = lib, c.c_void_p()
        self.version = dotted(lib.cublasLtGetVersion())
        self.call("cublasLtCreate", c.byref(self.handle))

    def __del__(self, ending: Callable[[], bool] = sys.is_finalizing) -> None:
        if not ending() and self.handle.value:
            self.lib.cublasLtDestroy(self.handle)

    def call(self, function: str, *args: Any) -> None:
        """Call a function.

        Raises:
            BackendUnavailable: naming it, with the library's text.
        """
        status = getattr(self.lib, function)(*args)
        if status:
            raise BackendUnavailable(self.text(function, status))

    def text(self, function: str, status: int) -> str:
        """What a status of a function means."""
        said = (self.lib.cublasLtGetStatusString(abs(status)) or b"").decode(errors="replace")
        return f"{function}: {said} ({abs(status)})"

    def explain(self, status: Any) -> str:
        """What a status of a prepared call means; those are negative, so that they are not taken for the driver's."""
        return self.text("cublasLtMatmul", int(status))


def negative(status: int) -> int:
    """What a prepared call returns."""
    return -status


_HANDLES: weakref.WeakKeyDictionary[Any, CublasLt] = weakref.WeakKeyDictionary()


def cublaslt_of(device: Device) -> CublasLt | None:
    """The handle of a device; None if there is no cuBLASLt, or one that lacks functions.

    Raises:
        BackendUnavailable: if the library cannot use the device.
    """
    cuda = cuda_of(device)
    if is_planned(device):
        cuda.asked.add("cuBLASLt")
        return None
    if cuda not in _HANDLES:
        found = find(CUBLASLT)
        if found is None or missing(found.handle, CUBLASLT_TABLE):
            return None
        lib = bind(found.handle, CUBLASLT_TABLE)
        lib.cublasLtMatmul.restype = negative
        _HANDLES[cuda] = CublasLt(lib)
    return _HANDLES[cuda]


class _Owned(c.c_void_p):
    """A descriptor, freed by its owner."""

    owner: CublasLt
    kind = ""

    def __del__(self, ending: Callable[[], bool] = sys.is_finalizing) -> None:
        if not ending() and self.kind and self.value:
            getattr(self.owner.lib, f"cublasLt{self.kind}Destroy")(self)

    def set(self, attribute: IntEnum | int, value: Any) -> None:
        """Set an attribute."""
        self.owner.call(f"cublasLt{self.kind}SetAttribute", self, int(attribute), c.byref(value), c.sizeof(value))


def _made(lt: CublasLt, kind: str, *args: Any) -> _Owned:
    made = _Owned()
    lt.call(f"cublasLt{kind}Create", c.byref(made), *args)
    made.owner, made.kind = lt, kind
    return made


def _matrix(lt: CublasLt, dtype: str, rows: int, cols: int, batch: int) -> _Owned:
    """A dense row-major matrix, as the library sees it."""
    made = _made(lt, "MatrixLayout", DTYPES[dtype], cols, rows, cols)
    if batch > 1:
        made.set(_Matrix.BATCH_COUNT, c.c_int32(batch))
        made.set(_Matrix.BATCH_STRIDE, c.c_int64(rows * cols))
    return made


class Matmul(NamedTuple):
    """A product that the library will do.

    Args:
        name: algorithm, for people.
        workspace: bytes that a call needs.
    """

    lt: CublasLt
    product: Product
    compute: int
    algo: _Algo
    name: str
    workspace: int
    layouts: tuple[_Owned, _Owned, _Owned]
    stream: int

    def call(self, a: int, b: int, out: int, workspace: int, more: tuple[int, int] = (0, 0), addend: int = 0) -> Call:
        """A prepared call. All are addresses.

        Args:
            more: bias (or its gradient), and the second matrix; 0 where the epilogue has none.
            addend: of the result's type and shape, which it may be; 0: none.
        """
        p = self.product
        desc = _operation(self.lt, p, self.compute, *more)
        one, keep = c.c_float(1.0), c.c_float(1.0 if addend else 0.0)
        scale, blend = c.c_void_p(c.addressof(one)), c.c_void_p(c.addressof(keep))
        first, second, target = self.layouts
        args = _Arguments((
            self.lt.handle, desc, scale, b, second, a, first, blend, addend or out, target, out, target,
            c.addressof(self.algo), workspace, self.workspace, self.stream,
        ))  # fmt: skip
        args.kept = (one, keep, self)
        return self.lt.lib.cublasLtMatmul, args


class _Arguments(tuple):  # type: ignore[type-arg]
    """Arguments with what must live as long."""

    kept: tuple[Any, ...] = ()


def _operation(lt: CublasLt, p: Product, compute: int, bias: int, aux: int) -> _Owned:
    desc = _made(lt, "MatmulDesc", compute, DTYPES["float32"])
    desc.set(_Desc.TRANSA, c.c_int32(p.transpose_b))
    desc.set(_Desc.TRANSB, c.c_int32(p.transpose_a))
    desc.set(_Desc.EPILOGUE, c.c_uint32(p.epilogue))
    if bias:
        desc.set(_Desc.BIAS_POINTER, c.c_void_p(bias))
    if aux:
        desc.set(_Desc.AUX_POINTER, c.c_void_p(aux))
        desc.set(_Desc.AUX_LD, c.c_int64(aux_width(p)))
    return desc


def _has_bias(epilogue: Epilogue) -> bool:
    """Whether it reads a bias or writes its gradient. The library refuses an address that it does not need."""
    return epilogue not in (Epilogue.NONE, Epilogue.RELU)


def _has_aux(epilogue: Epilogue) -> bool:
    return bool(epilogue & 128)


def aux_width(p: Product) -> int:
    """Elements between two rows of the second matrix: bits for ReLU, numbers for GELU."""
    step = 128 if p.epilogue in (Epilogue.RELU_AUX_BIAS, Epilogue.DRELU_BGRAD) else 8
    return -(-p.cols // step) * step


def _layouts(lt: CublasLt, p: Product) -> tuple[_Owned, _Owned, _Owned]:
    a, b, out = p.shapes
    first, second = (_matrix(lt, p.dtype, *shape, p.batch) for shape in (a, b))
    return first, second, _matrix(lt, p.out, *out, p.batch)


def matmul(device: Device, p: Product) -> Matmul | None:
    """The fastest algorithm within the workspace; None if there is no cuBLASLt or it has none for the product.

    Timed once per device and product (tuning.py).
    """
    known = p.dtype in DTYPES and p.out in DTYPES and min(p[:4]) > 0 and max(p[1:4]) < 1 << 31
    lt = cublaslt_of(device) if known else None
    if lt is None:
        return None
    cuda = cuda_of(device)
    fast = p.dtype == "float32" and bool(getattr(cuda, "tf32", False))
    compute = COMPUTE_32F_FAST_TF32 if fast else COMPUTE_32F
    layouts = _layouts(lt, p)
    found = {h.name: h for h in _heuristics(lt, p, compute, layouts, cuda.tuning.deterministic)}
    if not found:
        return None

    def made(name: str) -> Matmul:
        h = found[name]
        return Matmul(lt, p, compute, h.algo, f"cublaslt:{name}", h.workspace, layouts, cuda.stream)

    key = key_of("cublaslt", lt.version, compute, WORKSPACE, *p)
    workspace = max(h.workspace for h in found.values())
    watch = Stopwatch(device, lambda: _operands(device, p, workspace))
    times: dict[str, float] = {}

    def time(name: str) -> float:
        m = made(name)

        def call(a: int, b: int, out: int, bias: int, aux: int, space: int) -> Call:
            return m.call(a, b, out, space, (bias * _has_bias(p.epilogue), aux * _has_aux(p.epilogue)))

        times[name] = watch.of(call)
        return times[name]

    best = cuda.tuning.choose(key, list(found), time)
    return None if math.isinf(times.get(best, 0.0)) else made(best)


def _heuristics(
    lt: CublasLt, p: Product, compute: int, layouts: tuple[_Owned, _Owned, _Owned], deterministic: bool
) -> list[_Heuristic]:
    """What the library proposes, best guess first."""
    preference = _made(lt, "MatmulPreference")
    preference.set(_Preference.WORKSPACE, c.c_uint64(WORKSPACE))
    if deterministic:
        preference.set(_Preference.REDUCTION, c.c_uint32(2))  # partial sums are added in a fixed order
    for k in range(4):
        preference.set(_Preference.ALIGNMENT + k, c.c_uint32(ALIGNED))
    bias, aux = _has_bias(p.epilogue), _has_aux(p.epilogue)
    desc = _operation(lt, p, compute, _SOME_ADDRESS * bias, _SOME_ADDRESS * aux)
    a, b, out = layouts
    results, count = (_Heuristic * CANDIDATES)(), c.c_int()
    status = lt.lib.cublasLtMatmulAlgoGetHeuristic(
        lt.handle, desc, b, a, out, out, preference, CANDIDATES, results, c.byref(count)
    )
    if status == NOT_SUPPORTED or (status == INVALID and p.epilogue != Epilogue.NONE):
        return []
    if status:
        raise BackendUnavailable(lt.text(f"cublasLtMatmulAlgoGetHeuristic of {tuple(p)}", status))
    return [r for r in results[: count.value] if r.state == 0 and r.workspace <= WORKSPACE]


def _operands(device: Device, p: Product, workspace: int) -> list[Any]:
    """Buffers for both matrices, the result, the bias, what the epilogue keeps, and the workspace."""
    types = (p.dtype, p.dtype, p.out)
    sizes = [p.batch * r * k * ITEMSIZE[t] for (r, k), t in zip(p.shapes, types, strict=True)]
    made = [numbers(device, t, n) for t, n in zip(types, sizes, strict=True)]
    side = max(p.rows, p.cols) * 4, p.batch * p.rows * aux_width(p) * 4
    return [*made, *(device.zeros(n) for n in (*side, max(workspace, 1)))]
