"""CUDA C++ run on the host: the very text that NVRTC compiles, compiled by g++ over host.h, block after block.

It checks formulas and index arithmetic, barriers that not all threads reach, and writes past the ends of arrays (the
fake device has guards around its buffers). It cannot check races between blocks, nor how the hardware rounds.
"""

from __future__ import annotations

import ctypes as c
import hashlib
import os
import platform
import shutil
import subprocess
import tempfile
from contextlib import suppress
from functools import cache
from pathlib import Path

from mxtrain.backends.cuda.source import INCLUDE, Source, headers

HERE = Path(__file__).parent
KEPT = HERE.parents[2] / ".pytest_cache" / "emulated"
CAST = {"integer": "*(long long*)", "number": "*(float*)"}


@cache
def compiler() -> str | None:
    """The C++ compiler; None if there is none that can do it."""
    return shutil.which("g++") if platform.system() == "Linux" and platform.machine() == "x86_64" else None


def host_text(source: Source, macros: tuple[tuple[str, str], ...]) -> str:
    """The text, with an entry for every kernel that takes the driver's array of arguments."""
    entries = []
    for name, kinds in source.kernels.items():
        arguments = ", ".join(
            f"*(typename argument<{k}>::type*)args[{k}]" if kind == "pointer" else f"{CAST[kind]}args[{k}]"
            for k, kind in enumerate(kinds)
        )
        arguments = arguments.replace("typename argument<", f"{name}_argument<")
        entries.append(
            f"template <int K> struct {name}_argument {{ using type = typename nth<K, decltype(&{name})>::type; }};\n"
            f"static void {name}_run(void** args) {{ {name}({arguments}); }}\n"
            f'extern "C" int emulated_{name}(void** args, const unsigned* grid, unsigned threads) '
            f"{{ return emulation::launch({name}_run, args, grid, threads); }}\n"
        )
    nth = (
        "#include <tuple>\n"
        "template <int K, typename F> struct nth;\n"
        "template <int K, typename... A> struct nth<K, void (*)(A...)> "
        "{ using type = typename std::tuple_element<K, std::tuple<A...>>::type; };\n"
    )
    return f'#include "host.h"\n{nth}{source.with_macros(macros)}\n{"".join(entries)}'


@cache
def library(source_text: str) -> c.CDLL:
    """A host text compiled and loaded."""
    parts = (
        "-Bsymbolic: a kernel may be called as a function of the system; -fno-gnu-unique",
        source_text,
        (HERE / "host.h").read_text(),
        *headers().values(),
    )
    path = KEPT / f"{hashlib.sha256(chr(0).join(parts).encode()).hexdigest()}.so"
    if not path.exists():
        KEPT.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=KEPT) as folder:
            built = Path(folder, "kernel.so")
            command = [str(compiler()), "-x", "c++", "-std=c++17", "-O1", "-fno-strict-aliasing", "-ffp-contract=off"]
            # A template's shared array would be one in all libraries of the process, of the size that came first.
            command += [
                "-fno-gnu-unique",
                "-shared",
                "-fPIC",
                "-Wl,-Bsymbolic",
                "-w",
                f"-I{HERE}",
                f"-I{INCLUDE}",
                "-o",
                str(built),
                "-",
            ]
            done = subprocess.run(command, input=source_text, text=True, capture_output=True, check=False)
            if done.returncode:
                raise AssertionError(f"g++ refuses the kernel:\n{done.stderr[:4000]}")
            # Another process may have loaded its own by now: what is loaded is not replaced.
            with suppress(FileExistsError):
                os.link(built, path)
    return c.CDLL(str(path))


def kernel(source: Source, name: str, macros: tuple[tuple[str, str], ...]) -> object:
    """A function ``(arguments, grid, threads) -> status``."""
    function = getattr(library(host_text(source, macros)), f"emulated_{name}")
    function.argtypes = [c.c_void_p, c.POINTER(c.c_uint), c.c_uint]
    function.restype = c.c_int
    return function
