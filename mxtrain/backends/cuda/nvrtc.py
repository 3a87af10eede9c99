"""Compilation of CUDA C++ by NVRTC: a cubin for the GPU that is there, PTX for one that the compiler does not know yet.

Needs no GPU. Results are kept on the disk, under the hash of all that they follow from.
"""

from __future__ import annotations

import ctypes as c
import hashlib
from collections.abc import Sequence
from functools import cache
from typing import Any, NamedTuple

from mxtrain.backends.cuda import cache as disk
from mxtrain.backends.cuda.library import NVRTC, find, prototypes
from mxtrain.backends.cuda.source import Source, headers
from mxtrain.base.errors import BackendUnavailable

OPTIONS = ("--std=c++17",)
_P, _PP, _SIZE = c.c_void_p, c.POINTER(c.c_void_p), c.POINTER(c.c_size_t)
_STRINGS = c.POINTER(c.c_char_p)
_FUNCTIONS: tuple[tuple[str, Any], ...] = (
    ("nvrtcVersion", (c.POINTER(c.c_int), c.POINTER(c.c_int))),
    ("nvrtcGetNumSupportedArchs", (c.POINTER(c.c_int),)),
    ("nvrtcGetSupportedArchs", (c.POINTER(c.c_int),)),
    ("nvrtcCreateProgram", (_PP, c.c_char_p, c.c_char_p, c.c_int, _STRINGS, _STRINGS)),
    ("nvrtcDestroyProgram", (_PP,)),
    ("nvrtcCompileProgram", (_P, c.c_int, _STRINGS)),
    ("nvrtcGetProgramLogSize", (_P, _SIZE)),
    ("nvrtcGetProgramLog", (_P, c.c_char_p)),
    ("nvrtcGetCUBINSize", (_P, _SIZE)),
    ("nvrtcGetCUBIN", (_P, c.c_char_p)),
    ("nvrtcGetPTXSize", (_P, _SIZE)),
    ("nvrtcGetPTX", (_P, c.c_char_p)),
)


class Image(NamedTuple):
    """What the driver loads.

    Args:
        code: a cubin, or PTX.
        arch: what it is for (``sm_90``, ``compute_120``).
    """

    code: bytes
    arch: str


def available() -> bool:
    """True if the compiler was found and loads."""
    return find(NVRTC) is not None


@cache
def _library() -> Any:
    found = find(NVRTC)
    if found is None:
        raise BackendUnavailable(
            f"NVRTC ({NVRTC.files[0]}) was not found; `pip install 'mxtrain[cuda]'` gives it, or nvidia-cuda-nvrtc"
        )
    found.handle.nvrtcGetErrorString.restype = c.c_char_p
    return prototypes(found.handle, _FUNCTIONS)


def _check(status: int, function: str, where: str = "") -> None:
    if status:
        text = (_library().nvrtcGetErrorString(status) or b"?").decode()
        raise BackendUnavailable(f"{where}{function} failed: {text} ({status})")


def version() -> str:
    """Version of the compiler, such as 13.0."""
    major, minor = c.c_int(), c.c_int()
    _check(_library().nvrtcVersion(c.byref(major), c.byref(minor)), "nvrtcVersion")
    return f"{major.value}.{minor.value}"


@cache
def supported() -> tuple[int, ...]:
    """Compute capabilities for which it makes cubins, 90 for 9.0."""
    count = c.c_int()
    _check(_library().nvrtcGetNumSupportedArchs(c.byref(count)), "nvrtcGetNumSupportedArchs")
    known = (c.c_int * count.value)()
    _check(_library().nvrtcGetSupportedArchs(known), "nvrtcGetSupportedArchs")
    return tuple(known)


def arch_for(sm: int) -> str:
    """What to compile for on a GPU of this compute capability.

    Raises:
        BackendUnavailable: if the compiler only knows newer ones.
    """
    older = [k for k in supported() if k <= sm]
    if not older:
        raise BackendUnavailable(
            f"NVRTC {version()} knows compute capability {min(supported()) / 10} and newer, the GPU has {sm / 10}"
        )
    return f"sm_{sm}" if sm in older else f"compute_{max(older)}"


def compiled(source: Source, macros: Sequence[tuple[str, str]], sm: int) -> Image:
    """The image of a source, out of the cache if it was compiled before.

    Raises:
        BackendUnavailable: with the compiler's text.
    """
    arch = arch_for(sm)
    text = source.with_macros(macros)
    parts = (text, *OPTIONS, arch, version(), *(f"{n}\n{t}" for n, t in headers().items()))
    key = hashlib.sha256("\0".join(parts).encode()).hexdigest()
    code = disk.read(f"{key}.{arch}")
    if code is None:
        code = compile_text(text, source.name, arch)
        disk.write(f"{key}.{arch}", code)
    return Image(code, arch)


def compile_text(text: str, name: str, arch: str) -> bytes:
    """Compile; nothing is cached.

    Raises:
        BackendUnavailable: with the compiler's text.
    """
    lib = _library()
    program = c.c_void_p()
    shared = headers()
    texts = (c.c_char_p * len(shared))(*(t.encode() for t in shared.values()))
    names = (c.c_char_p * len(shared))(*(n.encode() for n in shared))
    made = lib.nvrtcCreateProgram(c.byref(program), text.encode(), name.encode(), len(shared), texts, names)
    _check(made, "nvrtcCreateProgram", f"{name}: ")
    try:
        options = [o.encode() for o in (*OPTIONS, f"--gpu-architecture={arch}")]
        status = lib.nvrtcCompileProgram(program, len(options), (c.c_char_p * len(options))(*options))
        if status:
            log = _text(lib.nvrtcGetProgramLogSize, lib.nvrtcGetProgramLog, program).rstrip(b"\0").decode()
            raise BackendUnavailable(f"{name} does not compile for {arch}:\n{log.strip()}")
        if arch.startswith("sm_"):
            return _text(lib.nvrtcGetCUBINSize, lib.nvrtcGetCUBIN, program)
        return _text(lib.nvrtcGetPTXSize, lib.nvrtcGetPTX, program)
    finally:
        lib.nvrtcDestroyProgram(c.byref(program))


def _text(size: Any, get: Any, program: c.c_void_p) -> bytes:
    nbytes = c.c_size_t()
    _check(size(program, c.byref(nbytes)), "NVRTC")
    buffer = c.create_string_buffer(nbytes.value)
    _check(get(program, buffer), "NVRTC")
    return buffer.raw
