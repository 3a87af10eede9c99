from __future__ import annotations

import pytest

from mxtrain.backends.cuda.array_module import Module
from mxtrain.backends.cuda.trace import Tracer
from mxtrain.backends.cuda.traced import Untraceable
from tests.backends.cuda.test_trace import check


def test_functions_of_numpys_names(rng):
    def run(xp, ins, outs):
        x = ins[0]
        low = xp.minimum(xp.absolute(x), xp.full((4, 1), 0.5))
        outs[0][...] = xp.clip(x, -1, 1) + xp.moveaxis(xp.transpose(low, (1, 0)), 0, 1)
        xp.copyto(outs[0], 0, where=x > 1)
        outs[1][...] = xp.power(xp.abs(x), 1.5) + xp.ones((1,))
        outs[2][...] = xp.broadcast_to(xp.expand_dims(x[0], 0), (4, 3)) * xp.zeros_like(x) + xp.sign(x)

    check(run, [rng.standard_normal((4, 3))], [(4, 3)] * 3)


def test_what_is_not_there_is_untraceable():
    with pytest.raises(Untraceable, match=r"xp\.einsum"):
        Module(Tracer(0)).einsum("i->i", 1)
    with pytest.raises(Untraceable, match="arange"):
        Module(Tracer(0)).arange(1 << 30)
