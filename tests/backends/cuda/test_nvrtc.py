from __future__ import annotations

import pytest

from mxtrain.backends.cuda import nvrtc
from mxtrain.backends.cuda.source import Source
from mxtrain.base.errors import BackendUnavailable

pytestmark = pytest.mark.skipif(not nvrtc.available(), reason="NVRTC is not installed")

CODE = Source("scale.cu", """
extern "C" __global__ void scale(T* x, long long n) {
    int64 i = GLOBAL_THREAD;
    if (i < n) put(x + i, 2 * widen(x[i]));
}
""")  # fmt: skip


def test_a_cubin_for_the_gpu_is_made_once(kept, monkeypatch):
    image = nvrtc.compiled(CODE, [("T", "bfloat16")], 90)
    assert image.arch == "sm_90" and image.code[:4] == b"\x7fELF"
    monkeypatch.setattr(nvrtc, "compile_text", lambda *a: pytest.fail("compiled again"))
    assert nvrtc.compiled(CODE, [("T", "bfloat16")], 90) == image


def test_ptx_for_a_gpu_that_is_newer_than_the_compiler(kept, monkeypatch):
    monkeypatch.setattr(nvrtc, "supported", lambda: (80, 90))
    image = nvrtc.compiled(CODE, [("T", "float16")], 130)
    assert image.arch == "compute_90" and b".version" in image.code


def test_a_gpu_that_is_too_old():
    with pytest.raises(BackendUnavailable, match=r"the GPU has 3\.5"):
        nvrtc.arch_for(35)


def test_the_compilers_text_comes_with_place_and_line(kept):
    wrong = Source("wrong.cu", "\nextern \"C\" __global__ void f(float* x) { x[0] = y; }")  # fmt: skip
    with pytest.raises(BackendUnavailable, match=r"wrong\.cu does not compile for sm_90:\nwrong\.cu\(2\).*y"):
        nvrtc.compiled(wrong, [], 90)
