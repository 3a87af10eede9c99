"""Shared libraries that stand for NVIDIA's: compiled from the C++ beside this file, loaded instead of theirs."""

from __future__ import annotations

import ctypes as c
import hashlib
import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from mxtrain.backends import cuda
from mxtrain.backends.cuda import cublaslt, cudnn
from mxtrain.backends.cuda.libraries import CUBLASLT, CUDNN, NVJPEG
from mxtrain.backends.cuda.library import Library, choose, find
from mxtrain.data.decoders import nvjpeg
from tests.backends.cuda.emulate import KEPT, compiler
from tests.backends.cuda.fake import fake_device, without_libraries

HERE = Path(__file__).parent


@cache
def built(name: str, soname: str = "") -> str:
    """The path of the shared library made of ``name.cpp``.

    Args:
        soname: as which it is found by others, once it is loaded.
    """
    text = "".join(p.read_text() for p in (HERE / f"{name}.cpp", *sorted(HERE.glob("fake_*.h"))))
    path = KEPT / f"{name}-{hashlib.sha256(text.encode()).hexdigest()[:16]}.so"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(suffix=".so", dir=path.parent)
        os.close(handle)
        command = [
            compiler() or "",
            "-std=c++17",
            "-O1",
            "-fPIC",
            "-fno-gnu-unique",
            "-shared",
            f"-Wl,-soname,{soname or name}",
            "-o",
            temporary,
            str(HERE / f"{name}.cpp"),
        ]
        subprocess.run(command, check=True, capture_output=True, text=True)
        os.replace(temporary, path)
    return str(path)


class Fake:
    """A fake library as a test sees it."""

    def __init__(self, handle: Any) -> None:
        self.handle = handle
        self.gpus: list[int] = []
        handle.fakeLog.restype = c.c_char_p

    def fail(self, function: str, status: int) -> None:
        """Make a function fail."""
        self.handle.fakeFail(function.encode(), status)

    @property
    def log(self) -> list[str]:
        """What was called."""
        return str(self.handle.fakeLog().decode()).splitlines()

    def reset(self) -> None:
        """No failures, an empty log."""
        self.handle.fakeReset()

    @property
    def living(self) -> int:
        """Handles and descriptors that were made and not freed."""
        return int(self.handle.fakeLiving())


@contextmanager
def in_place_of(library: Library, name: str) -> Iterator[Fake]:
    """The fake instead of the library."""
    choose(library, built(name))
    found = find(library)
    assert found is not None
    fake = Fake(found.handle)
    fake.reset()
    try:
        yield fake
    finally:
        fake.reset()
        choose(library, "")


@contextmanager
def fake_cudnn() -> Iterator[Fake]:
    """The fake cuDNN."""
    cudnn._HANDLES.clear()
    try:
        with in_place_of(CUDNN, "fake_cudnn") as fake:
            yield fake
    finally:
        cudnn._HANDLES.clear()
        without_libraries()


@contextmanager
def fake_cublaslt() -> Iterator[Fake]:
    """The fake cuBLASLt."""
    cublaslt._HANDLES.clear()
    try:
        with in_place_of(CUBLASLT, "fake_cublaslt") as fake:
            yield fake
    finally:
        cublaslt._HANDLES.clear()
        without_libraries()


@contextmanager
def gpus_with_nvjpeg() -> Iterator[Fake]:
    """A machine with GPUs and nvJPEG, all of them fakes; `Fake.gpus`: numbers of those that were made."""
    with pytest.MonkeyPatch.context() as patch, in_place_of(NVJPEG, "fake_nvjpeg") as fake:
        patch.setattr("mxtrain.backends.cuda.nvjpeg.why_not", lambda: ())
        patch.setattr(cuda, "make_device", lambda gpu: fake.gpus.append(gpu) or fake_device())
        nvjpeg._place.cache_clear()
        try:
            yield fake
        finally:
            nvjpeg._place.cache_clear()


needs_compiler = pytest.mark.skipif(compiler() is None, reason="no g++ on Linux x86-64: no fake library can be made")
