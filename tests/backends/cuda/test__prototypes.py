"""Our table of prototypes against what NVIDIA's libraries export and their headers declare.

exported.txt was made from nvidia-cudnn-cu13 9.19.0.56, nvidia-cublas 13.0.2.14 and nvidia-nvjpeg 13.3.2.43: names that
are both exported and declared, one letter per argument, and the kind of the result.
"""

from __future__ import annotations

import ctypes as c
from pathlib import Path

import pytest

from mxtrain.backends.cuda._prototypes import CUBLASLT_TABLE, CUDNN_TABLE, NVJPEG_TABLE, bind, missing
from mxtrain.backends.cuda.libraries import CUBLASLT, CUDNN, NVJPEG
from mxtrain.backends.cuda.library import find

LINES = (Path(__file__).parent / "exported.txt").read_text().splitlines()
EXPORTED = {name: ("" if kinds == "-" else kinds, result) for name, kinds, result in map(str.split, LINES)}
TABLES = {"cudnn": CUDNN_TABLE, "cublasLt": CUBLASLT_TABLE, "nvjpeg": NVJPEG_TABLE}
LIBRARIES = {"cudnn": CUDNN, "cublasLt": CUBLASLT, "nvjpeg": NVJPEG}


@pytest.mark.parametrize("table", TABLES.values(), ids=list(TABLES))
def test_arguments_are_those_of_the_headers(table):
    for name, prototype in table.items():
        assert EXPORTED.get(name) == prototype, name


def test_the_list_is_whole():
    counts = [sum(name.startswith(prefix) for name in EXPORTED) for prefix in TABLES]
    assert counts == [220, 44, 81]


@pytest.mark.parametrize("name", LIBRARIES)
def test_the_library_has_them(name):
    found = find(LIBRARIES[name])
    if found is None:
        pytest.skip(f"{LIBRARIES[name].files[0]} is not installed")
    assert not missing(found.handle, TABLES[name])


def test_types_are_set_and_gaps_are_named():
    library = bind(c.CDLL(None), {"strtod": ("pp", "i"), "no_such_function": ("z", "s")})
    assert library.strtod.argtypes == [c.c_void_p, c.c_void_p] and library.strtod.restype is c.c_int
    assert missing(library, {"strtod": ("pp", "i"), "no_such_function": ("z", "s")}) == ("no_such_function",)
