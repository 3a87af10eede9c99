from __future__ import annotations

import pytest

from mxtrain.backends.cuda import nvrtc
from mxtrain.backends.cuda.emit_reduction import emit_reduction, partials
from mxtrain.backends.cuda.expression import REDUCTIONS, Leaf
from mxtrain.backends.cuda.trace import trace
from mxtrain.base.types import CHANNELS_LAST, PLAIN, TensorType
from tests.backends.cuda.test_emit import compare
from tests.backends.cuda.test_fake import needs_compiler

CASES = [
    ((4, 6, 5, 3), (0, 2, 3)),  # per channel
    ((4, 6, 5, 3), (1,)),
    ((4, 6, 5, 3), (0, 1, 2, 3)),
    ((40, 3, 16, 16), (0, 2, 3)),  # long enough to be cut into chunks, by columns where channels are last
    ((3, 3, 60, 50), (0, 1, 2, 3)),  # chunks of one row
    ((2, 1, 1, 5), (1, 3)),
]


@needs_compiler
@pytest.mark.parametrize("layout", [PLAIN, CHANNELS_LAST], ids=str)
@pytest.mark.parametrize(("shape", "axes"), CASES, ids=str)
@pytest.mark.parametrize("compile_all", [True, False])
def test_reductions(rng, shape, axes, layout, compile_all):
    out = tuple(d for a, d in enumerate(shape) if a not in axes)

    def run(xp, ins, outs):
        outs[0][...] = (ins[0] * ins[0]).sum(axis=axes)
        outs[1][...] = (ins[0] + 1).max(axis=axes)
        outs[2][...] = ins[0].mean(axis=axes)

    compare(run, [TensorType(shape, "float32", layout)], [TensorType(out)] * 3, rng, 2e-5, compile_all)


def work_of(shape, axes, name="sum", layout=PLAIN):
    run = lambda xp, i, o: o[0].set(xp.sum(i[0], axis=axes) if name == "sum" else getattr(xp, name)(i[0], axis=axes))  # noqa: E731
    out = tuple(d for a, d in enumerate(shape) if a not in axes)
    return trace(run, [TensorType(shape, "float32", layout)], [TensorType(out)]).work[0]


def test_chunks_are_the_same_on_every_gpu():
    assert partials(work_of((1 << 20,), (0,))) == 512
    assert partials(work_of((64, 1000), (1,))) == 0


@pytest.mark.skipif(not nvrtc.available(), reason="NVRTC is not installed")
@pytest.mark.parametrize("name", sorted(REDUCTIONS))
@pytest.mark.parametrize("sm", [80, 90, 100])
def test_they_compile(name, sm):
    for layout in (PLAIN, CHANNELS_LAST):
        for p in emit_reduction(work_of((40, 3, 16, 16), (0, 2, 3), name, layout), Leaf(9, "float32", 0, ())):
            assert nvrtc.compile_text(p.source.with_macros([]), p.source.name, f"sm_{sm}")
