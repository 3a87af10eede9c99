"""Makes mxnet_sequences.npz: what MXNet 1.9.1 computes with operators of sequences and arrays, forward and gradients.

    python tests/golden/make_mxnet_sequences.py tests/golden/mxnet_sequences.npz    # where MXNet 1.9.1 is installed

Of each case: its symbol as JSON text (``NAME/symbol``), what goes in (``NAME/in/VARIABLE``), what comes out in
prediction (``NAME/out/I``), gradients of the outputs (``NAME/dy/I``) and of the inputs (``NAME/grad/VARIABLE``).
"""

from __future__ import annotations

import os
import sys

os.environ["MXNET_SUBGRAPH_BACKEND"] = "NONE"

import mxnet as mx
import numpy as np
from mxnet import gluon

S, C, V = mx.sym, mx.sym.contrib, mx.sym.Variable
RNG = np.random.RandomState(11)
FOUND = {}


def uniform(*shape):
    """Numbers between -1 and 1."""
    return RNG.uniform(-1, 1, shape)


def positive(*shape):
    """Numbers well above 0."""
    return RNG.uniform(0.5, 2, shape)


def different(*shape):
    """Numbers of which no two are near each other."""
    return RNG.permutation(int(np.prod(shape))).reshape(shape) / 7 - 1


def case(name, symbol, inputs, fixed=(), train=True):
    """Run a symbol and keep what went in and came out.

    Args:
        inputs: variable -> array.
        fixed: variables without a gradient.
        train: False where MXNet has no gradient.
    """
    symbol = S.Group(list(symbol)) if isinstance(symbol, list) or len(symbol.list_outputs()) > 1 else symbol
    requests = {n: "null" if n in fixed else "write" for n in symbol.list_arguments()}
    run = symbol.simple_bind(mx.cpu(), grad_req=requests, **{n: np.shape(a) for n, a in inputs.items()})
    for n, a in run.arg_dict.items():
        a[:] = mx.nd.array(np.asarray(inputs[n], np.float32)) if n in inputs else mx.nd.array(uniform(*a.shape))
        FOUND[f"{name}/in/{n}"] = a.asnumpy()
    FOUND[f"{name}/symbol"] = np.array(symbol.tojson())
    FOUND.update({f"{name}/out/{i}": y.asnumpy() for i, y in enumerate(run.forward(is_train=False))})
    if not train:
        return
    dys = [mx.nd.array(uniform(*y.shape)) for y in run.forward(is_train=True)]
    run.backward(dys)
    FOUND.update({f"{name}/dy/{i}": dy.asnumpy() for i, dy in enumerate(dys)})
    FOUND.update({f"{name}/grad/{n}": g.asnumpy() for n, g in run.grad_dict.items() if g is not None})


def pointwise():
    """Functions of one element and of two."""
    x, b = V("data"), V("b")
    of_all = "arctan sinh cosh arcsinh cbrt rcbrt degrees radians softsign erf rint fix trunc logical_not"
    case("unary", [getattr(S, n)(x, name=n) for n in of_all.split()], {"data": [-2.5, -1.2, -0.5, 0.3, 1.5, 2.75]})
    inside = "tan arcsin arctanh erfinv"
    case("inside", [getattr(S, n)(x, name=n) for n in inside.split()], {"data": [-0.95, -0.3, 0.0, 0.6, 0.99]})
    above = "log2 log10 arccosh gamma gammaln"
    case("above", [getattr(S, n)(x, name=n) for n in above.split()], {"data": [1.25, 2.5, 7.0]})
    case("gammas", [S.gamma(x), S.gammaln(x)], {"data": [-2.6, -1.5, -0.3, 0.1, 0.9, 3.3]})
    pair = {"data": uniform(3, 1) * 3, "b": [[0.7, -1.5, 2.0, -0.4]]}
    words = ("mod", "hypot", "logical_and", "logical_or", "logical_xor")
    case("broadcast", [getattr(S, f"broadcast_{n}")(x, b, name=n) for n in words], pair)
    same = {"data": [-2.2, 0.0, 3.1, 0.0], "b": [0.7, -1.5, -2.0, 0.3]}
    case("equal_shapes", [getattr(S._internal, f"_{n}")(x, b, name=n) for n in words], same)
    scalars = [getattr(S._internal, f"_{n}_scalar")(x, scalar=1.5, name=n) for n in (*words, "rmod")]
    case("scalars", scalars, {"data": [-2.2, 0.4, 3.1, -0.7]})


def sequences():
    """Steps, and lengths of samples."""
    x, lengths = V("data"), V("sequence_length")
    for axis in (0, 1):
        given = {"data": uniform(4, 3, 2), "sequence_length": [1, 4, 2] if axis == 0 else [3, 1, 2, 2]}
        how = {"use_sequence_length": True, "axis": axis}
        both = [
            S.SequenceMask(x, lengths, value=-1.5, name="mask", **how),
            S.SequenceLast(x, lengths, name="last", **how),
        ]
        case(f"sequence{axis}", both, given, ("sequence_length",))
    turned = S.SequenceReverse(x, lengths, use_sequence_length=True)
    case("reverse", turned, {"data": uniform(4, 3, 2), "sequence_length": [1, 4, 3]}, ("sequence_length",))
    case("no_lengths", [S.SequenceReverse(x), S.SequenceLast(x)], {"data": uniform(4, 3, 2)})
    fixed = ("label", "data_lengths", "label_lengths")
    scores = {"data": uniform(7, 3, 5) * 3}
    case("ctc", S.CTCLoss(V("data"), V("label")), {**scores, "label": [[1, 2, 2], [4, 0, 3], [0, 0, 0]]}, fixed)
    last = S.CTCLoss(V("data"), V("label"), blank_label="last")
    case("ctc_last", last, {**scores, "label": [[0, 2, 2], [3, -1, -1], [1, 0, 1]]}, fixed)
    names = dict(zip(fixed[1:], map(V, fixed[1:]), strict=True))
    measured = S.CTCLoss(V("data"), V("label"), use_data_lengths=True, use_label_lengths=True, **names)
    given = {
        **scores,
        "label": [[1, 2, 2], [4, 1, 3], [2, 1, 1]],
        "data_lengths": [7, 3, 2],
        "label_lengths": [3, 2, 1],
    }
    case("ctc_lengths", measured, given, fixed)


def orders():
    """What is largest, and where."""
    x = V("data")
    for axis in (-1, 0, None):
        given = {"data": different(3, 5)}
        for k, low in ((2, False), (3, True)):
            how = {"axis": axis, "k": k, "is_ascend": low}
            kinds = [S.topk(x, ret_typ=kind, name=kind, **how) for kind in ("value", "indices", "mask")]
            case(f"topk{axis}{k}", kinds, given)
        case(f"both{axis}", S.topk(x, axis=axis, k=2, ret_typ="both", name="y"), given)
        sorted_ = [S.sort(x, axis=axis, is_ascend=up) for up in (True, False)]
        case(f"sort{axis}", [*sorted_, S.argsort(x, axis=axis, is_ascend=False, dtype="int32")], given)
    case("argmax_channel", S.argmax_channel(x), {"data": different(3, 5)}, ("data",), train=False)


def shapes():
    """What moves elements, and what counts them."""
    x, b = V("data"), V("b")
    case(
        "stack",
        [S.stack(x, b, axis=axis, num_args=2) for axis in (0, 1, -1)],
        {"data": uniform(2, 3), "b": uniform(2, 3)},
    )
    cuts = [*S.split_v2(x, (1, 3), axis=1), *S.split_v2(x, 3, axis=1), *S.split_v2(x, 2, axis=0, squeeze_axis=True)]
    case("split", cuts, {"data": uniform(2, 7)})
    case("repeat", [S.repeat(x, repeats=2, axis=axis) for axis in (None, 0, -1)], {"data": uniform(2, 3)})
    case("broadcast_to", S.broadcast_to(x, shape=(2, 0, 4)), {"data": uniform(1, 3, 1)})
    ranges = {"lhs_begin": 0, "lhs_end": 1, "rhs_begin": 0, "rhs_end": 2}
    case("reshape_like", S.reshape_like(x, b, **ranges), {"data": uniform(6, 3), "b": uniform(2, 3, 5)})
    axes = {"lhs_axes": (1,), "rhs_axes": (-1,)}
    case("broadcast_like", S.broadcast_like(x, b, **axes), {"data": uniform(4, 1, 3), "b": uniform(5, 2)})
    case(
        "diag",
        [S.diag(x), S.diag(x, k=1, axis1=1, axis2=2), S.diag(x, k=-1, axis1=2, axis2=0)],
        {"data": uniform(3, 4, 5)},
    )
    case("diag_of", S.diag(x, k=-2), {"data": uniform(3)})
    made = [S.broadcast_add(x, S.eye(3, 4, -1)), S.broadcast_mul(x, S.linspace(0, 1, 4, endpoint=False))]
    case("made", made, {"data": uniform(3, 4)})
    case(
        "arange_like",
        [C.arange_like(x, start=1, step=0.5), C.arange_like(x, axis=-1, repeat=2)],
        {"data": uniform(2, 6)},
    )
    case("sizes", [S.shape_array(x), S.size_array(x)], {"data": uniform(2, 6)}, train=False)
    indices = {"indices": [[[0, 2], [1, 3]], [[1, 1], [0, 2]]]}
    case("gather_nd", S.gather_nd(x, V("indices")), {"data": uniform(4, 3, 2), **indices}, ("indices",))
    case(
        "scatter_nd",
        S.scatter_nd(x, V("indices"), shape=(4, 3, 2)),
        {"data": uniform(2, 2, 2), **indices},
        ("indices",),
    )


def sums():
    """Sums over axes, and products of matrices."""
    x = V("data")
    for axis in (1, (0, 2)):
        norms = [S.norm(x, ord=o, axis=axis, keepdims=o == 1, name=f"norm{o}") for o in (1, 2)]
        case(f"norm{axis}", [*norms, *S.moments(x, axes=axis)], {"data": uniform(2, 3, 4)})
    holes = positive(2, 3, 4)
    holes[0, 1, 2] = holes[1, 0, 0] = np.nan
    case("nan", [S.nansum(x, axis=1), S.nanprod(x, axis=(0, 2), keepdims=True)], {"data": holes})
    case("softmin", S.softmin(x, axis=1, temperature=2.0), {"data": uniform(2, 3, 4)})
    length = S.softmax(x, V("length", dtype="int32"), use_length=True, axis=1, temperature=0.5)
    case("softmax_length", length, {"data": uniform(2, 3, 2), "length": [[0, 1], [2, 3]]}, ("length",))
    a, b, c = V("a"), V("b"), V("c")
    turned = {"transpose_b": True, "alpha": 0.5}
    factors = {"a": uniform(2, 3, 4), "b": uniform(2, 5, 4)}
    case("gemm2", S.linalg.gemm2(a, b, **turned), factors)
    case("gemm", S.linalg.gemm(a, b, c, beta=-2.0, **turned), {**factors, "c": uniform(2, 3, 5)})


def attention():
    """Heads, side by side."""
    x, w = V("data"), V("attention")
    case("selfatt_qk", C.interleaved_matmul_selfatt_qk(C.div_sqrt_dim(x), heads=2), {"data": uniform(3, 2, 24)})
    own = C.interleaved_matmul_selfatt_valatt(x, w, heads=2)
    case("selfatt_valatt", own, {"data": uniform(3, 2, 24), "attention": uniform(4, 3, 3)})
    other = {"data": uniform(3, 2, 8), "keys_values": uniform(5, 2, 16)}
    case("encdec_qk", C.interleaved_matmul_encdec_qk(x, V("keys_values"), heads=2), other)
    values = C.interleaved_matmul_encdec_valatt(x, w, heads=2)
    case("encdec_valatt", values, {"data": uniform(5, 2, 16), "attention": uniform(4, 3, 5)})


class Language(gluon.HybridBlock):
    """Words, a recurrent layer, and scores for each word."""

    def __init__(self, layer):
        super().__init__(prefix="net_")
        with self.name_scope():
            self.words = gluon.nn.Embedding(9, 4)
            self.layer = layer
            self.scores = gluon.nn.Dense(9, flatten=False)

    def hybrid_forward(self, F, x):
        """Scores of each step."""
        return self.scores(self.layer(self.words(x)))


def layers():
    """Gluon's recurrent layers, whose parameters the symbol leaves open."""
    steps = RNG.randint(0, 9, (4, 3))
    for name, layer in {
        "lstm": gluon.rnn.LSTM(3, 2, prefix="layer_"),
        "gru": gluon.rnn.GRU(3, layout="NTC", bidirectional=True, prefix="layer_"),
        "rnn": gluon.rnn.RNN(3, 2, prefix="layer_"),
    }.items():
        net = Language(layer)
        net.initialize(mx.init.Uniform(1))
        net(mx.nd.array(steps))
        held = {n: p.data().asnumpy() for n, p in net.collect_params().items()}
        case(f"gluon_{name}", net(V("data")), {**held, "data": steps}, ("data",))


def main():
    """All of them, into the file that is named."""
    for part in (pointwise, sequences, orders, shapes, sums, attention, layers):
        with mx.name.NameManager():
            part()
    np.savez_compressed(sys.argv[1], **FOUND)


main()
