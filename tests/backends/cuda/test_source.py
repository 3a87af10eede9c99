from __future__ import annotations

import pytest

from mxtrain.backends.cuda.source import Source, headers, source

TEXT = """
// extern "C" __global__ void not_this(int x) {}
extern "C" __global__ void __launch_bounds__(256) scale(const T* __restrict__ x, T* y,
                                                        long long n, float factor) {}
"""


def test_kinds_of_parameters():
    assert Source("a.cu", TEXT).kernels == {"scale": ("pointer", "pointer", "integer", "number")}


@pytest.mark.parametrize("parameter", ["int n", "double x", "unsigned long long n"])
def test_other_types_of_parameters_are_refused(parameter):
    code = Source("a.cu", f'extern "C" __global__ void f({parameter}) {{}}')
    with pytest.raises(ValueError, match="neither a pointer"):
        code.kernels  # noqa: B018


def test_variants_are_all_combinations():
    code = Source("a.cu", TEXT, {"T": ("float32", "float16"), "RELU": ("0", "1")})
    assert len(list(code.all_variants())) == 4
    assert list(code.all_variants())[0] == (("T", "float32"), ("RELU", "0"))
    assert code.with_macros([("T", "float16")]).startswith('#define T float16\n#include "common.cuh"\n')


def test_the_file_beside_a_module(tmp_path):
    (tmp_path / "a.cu").write_text(TEXT)
    code = source(str(tmp_path / "a.py"), {"T": ["float32"]})
    assert (code.name, code.text, code.variants) == ("a.cu", TEXT, {"T": ("float32",)})


def test_shared_code_is_found():
    assert "Pack" in headers()["common.cuh"]
