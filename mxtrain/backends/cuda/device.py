"""The CUDA device on CuPy (memory, streams, events, capture) and the driver (modules, launches, copies)."""

from __future__ import annotations

import ctypes as c
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mxtrain.backends.cuda import nvrtc
from mxtrain.backends.cuda.library import DRIVER, find, prototypes
from mxtrain.backends.cuda.runtime import Event, Properties, StepGraph
from mxtrain.backends.cuda.source import Source
from mxtrain.backends.cuda.tuning import Tuning
from mxtrain.base.device import Device
from mxtrain.base.errors import BackendUnavailable, EnvironmentFault
from mxtrain.graph import Call

_U, _P, _SIZE = c.c_uint, c.c_void_p, c.c_size_t
_FUNCTIONS: tuple[tuple[str, Any], ...] = (
    ("cuInit", (_U,)),
    ("cuDeviceGetCount", (c.POINTER(c.c_int),)),
    ("cuGetErrorName", (c.c_int, c.POINTER(c.c_char_p))),
    ("cuGetErrorString", (c.c_int, c.POINTER(c.c_char_p))),
    ("cuModuleLoadData", (c.POINTER(_P), c.c_char_p)),
    ("cuModuleGetFunction", (c.POINTER(_P), _P, c.c_char_p)),
    ("cuLaunchKernel", (_P, *(_U,) * 7, _P, _P, _P)),
    ("cuMemcpyAsync", (c.c_uint64, c.c_uint64, _SIZE, _P)),
)


@cache
def _driver() -> Any:
    """The driver's library, initialised; None if there is none, or no GPU."""
    found = find(DRIVER)
    if found is None:
        return None
    library = prototypes(found.handle, _FUNCTIONS)
    return None if library.cuInit(0) else library


def count() -> int:
    """GPUs that the driver shows."""
    driver = _driver()
    number = c.c_int()
    return 0 if driver is None or driver.cuDeviceGetCount(c.byref(number)) else number.value


@cache
def _cupy() -> Any:
    """CuPy, or the reason why it cannot be imported, as text."""
    try:
        import cupy
    except ImportError as e:
        return f"CuPy is not installed ({e}); `pip install 'mxtrain[cuda]'` gives it"
    return cupy


def why_not() -> tuple[str, ...]:
    """What keeps this machine from using a GPU, one text per thing, each with what to do; empty if nothing does."""
    reasons = []
    if find(DRIVER) is None:
        reasons.append(f"the NVIDIA driver ({DRIVER.files[0]}) was not found; install it, then try nvidia-smi")
    elif not count():
        reasons.append("the NVIDIA driver shows no GPU; nvidia-smi must list one")
    if isinstance(_cupy(), str):
        reasons.append(_cupy())
    if not nvrtc.available():
        reasons.append("NVRTC was not found; `pip install 'mxtrain[cuda]'` gives it")
    return tuple(reasons)


def make_device(index: int = 0, *, deterministic: bool = False, threads: int = 1) -> Device:
    """The device ``gpu:index``, current in this thread together with its compute stream.

    Args:
        deterministic: only kernels that give the same bits every time.
        threads: for what runs on the host.

    Raises:
        BackendUnavailable: saying what is missing and what to install.
    """
    reasons = why_not()
    if reasons:
        raise BackendUnavailable(f"device gpu:{index} cannot be used: {'; '.join(reasons)}")
    if not 0 <= index < count():
        raise BackendUnavailable(f"device gpu:{index}: this machine has {count()} GPU(s), numbered from 0")
    return Device(f"gpu:{index}", ("cuda", "reference"), threads, CuPyRuntime(index, deterministic))


@cache
def _compute_stream(index: int) -> Any:
    """The one compute stream of a GPU: runtimes of one GPU share it, so their work is in one order."""
    return _cupy().cuda.Stream(non_blocking=True)


class _Event:
    """A mark in a stream, by CuPy."""

    def __init__(self, owner: CuPyRuntime) -> None:
        self.owner, self.event = owner, owner.xp.cuda.Event()

    def record(self, stream: int | None = None) -> None:
        self.event.record(self.owner.external(stream))

    def wait(self, stream: int | None = None) -> None:
        self.owner.external(stream).wait_event(self.event)

    def synchronize(self) -> None:
        self.event.synchronize()

    def since(self, earlier: Event) -> float:
        if not isinstance(earlier, _Event):
            raise TypeError("both marks must be of one device")
        return float(self.owner.xp.cuda.get_elapsed_time(earlier.event, self.event))


class _Graph:
    """A captured graph, by CuPy."""

    def __init__(self, graph: Any, stream: Any) -> None:
        self.graph, self.stream = graph, stream
        graph.upload(stream)

    def launch(self) -> int:
        self.graph.launch(self.stream)
        return 0


class CuPyRuntime:
    """The protocol `Cuda` on a GPU.

    Args:
        index: number of the GPU.
        deterministic: for timed choices.
    """

    def __init__(self, index: int, deterministic: bool = False) -> None:
        self.index, self.xp, self.driver = index, _cupy(), _driver()
        runtime = self.xp.cuda.runtime
        self.xp.cuda.Device(index).use()
        said = runtime.getDeviceProperties(index)
        self.properties = Properties(
            said["name"].decode(),
            said["major"] * 10 + said["minor"],
            said["totalGlobalMem"],
            said["multiProcessorCount"],
            runtime.driverGetVersion(),
        )
        self._main = _compute_stream(index)
        self._main.use()
        self.stream = int(self._main.ptr)
        self.launcher: Callable[..., int] = self.driver.cuLaunchKernel
        p = self.properties
        name = "".join(ch if ch.isalnum() else "-" for ch in p.name)
        self.tuning = Tuning(
            f"tuning-{name}-{p.sm}-{p.driver}{'-deterministic' if deterministic else ''}", deterministic
        )
        # Workspaces that algorithms try would leave holes in the pool that a run's arenas come from.
        self._trials = self.xp.cuda.MemoryPool()
        self.tuning.trial = lambda: self.xp.cuda.using_allocator(self._trials.malloc)
        self._modules: dict[bytes, c.c_void_p] = {}
        self._streams: dict[int, Any] = {}

    def use(self, stream: int | None = None) -> None:
        """Make the device and a stream of it current in the calling thread."""
        self.xp.cuda.Device(self.index).use()
        self.external(stream).use()

    def external(self, stream: int | None) -> Any:
        """CuPy's object of a stream of this runtime; None: the compute stream."""
        return self._main if stream in (None, self.stream) else self._streams[stream]

    def allocate(self, nbytes: int) -> Any:
        """A flat uint8 buffer.

        Raises:
            EnvironmentFault: if there is not enough memory, with the numbers.
        """
        full = self.xp.cuda.memory.OutOfMemoryError
        try:
            return self.xp.empty(nbytes, self.xp.uint8)
        except full:
            self.trim()
        try:
            return self.xp.empty(nbytes, self.xp.uint8)
        except full:
            free = self.free_memory()
            raise EnvironmentFault(
                f"gpu:{self.index} has no room for {nbytes / 2**30:.2f} GiB more: {free / 2**30:.2f} of "
                f"{self.properties.memory / 2**30:.2f} GiB are free; make batch_size smaller"
            ) from None

    def address(self, array: Any) -> int:
        """Where the array's first element lies."""
        return int(array.data.ptr)

    def put(self, target: Any, values: Any) -> None:
        """Values into an array, on the compute stream whatever was current in this thread."""
        self.use()
        target[...] = values if np.isscalar(values) else self.xp.asarray(values)

    def fetch(self, array: Any) -> NDArray[Any]:
        """The array on the host, likewise."""
        self.use()
        return np.asarray(self.xp.asnumpy(array))

    def synchronize(self) -> None:
        """Wait for the compute stream."""
        self._main.synchronize()

    def function(self, code: Source, name: str, macros: Sequence[tuple[str, str]]) -> int:
        """A kernel's handle."""
        image = nvrtc.compiled(code, macros, self.properties.sm)
        if image.code not in self._modules:
            module = c.c_void_p()
            self._check(self.driver.cuModuleLoadData(c.byref(module), image.code), f"loading {code.name}")
            self._modules[image.code] = module
        function = c.c_void_p()
        found = self.driver.cuModuleGetFunction(c.byref(function), self._modules[image.code], name.encode())
        self._check(found, f"{code.name}: {name}")
        return function.value or 0

    def _check(self, status: int, what: str) -> None:
        if status:
            raise BackendUnavailable(f"{what}: {self.explain(status)}")

    def copy(self, target: Any, source: Any) -> Call:
        """A prepared copy."""
        addresses = self.address(target), self.address(source)
        return self.driver.cuMemcpyAsync, (*addresses, target.nbytes, self.stream)

    def explain(self, status: Any) -> str:
        """The driver's text of a status."""
        name, text = c.c_char_p(), c.c_char_p()
        self.driver.cuGetErrorName(int(status), c.byref(name))
        self.driver.cuGetErrorString(int(status), c.byref(text))
        return f"{(name.value or b'unknown').decode()} ({int(status)}): {(text.value or b'').decode()}"

    def free_memory(self) -> int:
        """Bytes that are free, those that CuPy's pool keeps included."""
        free, _ = self.xp.cuda.runtime.memGetInfo()
        return int(free) + sum(int(pool.free_bytes()) for pool in self._pools())

    def trim(self) -> None:
        """Give memory back that nothing lies in."""
        for pool in self._pools():
            pool.free_all_blocks()

    def held_memory(self) -> int:
        """Bytes that this process holds for arrays."""
        return sum(int(pool.total_bytes()) for pool in self._pools())

    def _pools(self) -> tuple[Any, Any]:
        return self.xp.get_default_memory_pool(), self._trials

    def new_stream(self) -> int:
        """A stream beside the compute stream."""
        stream = self.xp.cuda.Stream(non_blocking=True)
        self._streams[int(stream.ptr)] = stream
        return int(stream.ptr)

    def new_event(self) -> Event:
        """A mark."""
        return _Event(self)

    def pinned(self, nbytes: int) -> NDArray[np.uint8]:
        """Pinned host memory."""
        return np.frombuffer(self.xp.cuda.alloc_pinned_memory(nbytes), np.uint8, nbytes)

    def upload(self, target: Any, host: NDArray[Any], stream: int | None = None) -> None:
        """Host to device."""
        self._copy(self.address(target), host.ctypes.data, host.nbytes, stream)

    def download(self, host: NDArray[Any], source: Any, stream: int | None = None) -> None:
        """Device to host."""
        self._copy(host.ctypes.data, self.address(source), host.nbytes, stream)

    def _copy(self, target: int, source: int, nbytes: int, stream: int | None) -> None:
        used = self.stream if stream is None else stream
        self._check(self.driver.cuMemcpyAsync(target, source, nbytes, used), f"copying {nbytes} bytes")

    def begin_capture(self) -> None:
        """Note work down."""
        self._main.begin_capture()

    def end_capture(self) -> StepGraph:
        """What was noted down."""
        return _Graph(self._main.end_capture(), self._main)

    def abort_capture(self) -> None:
        """Leave the capture."""
        if self._main.is_capturing():
            try:
                self._main.end_capture()
            except Exception:  # an invalidated capture ends by an error of its own, whatever its class
                return
