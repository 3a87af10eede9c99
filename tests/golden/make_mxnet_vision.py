"""Makes mxnet_vision.npz: what MXNet 1.9.1 computes with the operators of vision models, forward and gradients.

    python tests/golden/make_mxnet_vision.py tests/golden/mxnet_vision.npz      # where MXNet 1.9.1 is installed

Each case is a symbol's JSON text and arrays: ``NAME/symbol``, ``NAME/in/VARIABLE``, ``NAME/out/I`` (prediction),
``NAME/dy/I`` and ``NAME/grad/VARIABLE`` (training). Tests read the file; they need no MXNet.
"""

from __future__ import annotations

import os
import sys
from typing import NamedTuple

os.environ["MXNET_SUBGRAPH_BACKEND"] = "NONE"

import mxnet as mx
import numpy as np

S, C = mx.sym, mx.sym.contrib
RNG = np.random.RandomState(7)
FOUND = {}


class Fixed(NamedTuple):
    """Values of a variable that has no gradient."""

    values: np.ndarray


def case(name, operator, inputs, params=None, train=True):
    """Run one operator and keep what went in and came out.

    Args:
        inputs: name -> a shape (values are drawn), an array, or a Fixed array.
        train: False where MXNet has no gradient on the CPU.
    """
    with mx.name.NameManager():
        made = operator(*[S.Variable(n) for n in inputs], **(params or {}), name="y")
        symbol = S.Group(list(made)) if len(made.list_outputs()) > 1 else made
    fixed = {n for n, v in inputs.items() if isinstance(v, Fixed)}
    given = {
        n: np.asarray(v.values if n in fixed else v)
        for n, v in inputs.items()
        if not isinstance(v, tuple) or n in fixed
    }
    shapes = {n: given[n].shape if n in given else v for n, v in inputs.items()}
    requests = {n: "null" if n in fixed else "write" for n in symbol.list_arguments()}
    run = symbol.simple_bind(mx.cpu(), grad_req=requests, **shapes)
    for n, a in {**run.arg_dict, **run.aux_dict}.items():
        drawn = RNG.uniform(0.5, 1.5, a.shape) if n.endswith("_var") else RNG.uniform(-1, 1, a.shape)
        a[:] = mx.nd.array(np.asarray(given.get(n, drawn), np.float32))
        FOUND[f"{name}/in/{n}"] = a.asnumpy()
    FOUND[f"{name}/symbol"] = np.array(symbol.tojson())
    for i, y in enumerate(run.forward(is_train=False)):
        FOUND[f"{name}/out/{i}"] = y.asnumpy()
    if not train or len(fixed) == len(requests):
        return
    dys = [mx.nd.array(RNG.uniform(-1, 1, y.shape)) for y in run.forward(is_train=True)]
    run.backward(dys)
    FOUND.update({f"{name}/dy/{i}": dy.asnumpy() for i, dy in enumerate(dys)})
    FOUND.update({f"{name}/grad/{n}": g.asnumpy() for n, g in run.grad_dict.items() if g is not None})


def cases(name, operator, inputs, several):
    """The same with several parameters."""
    for i, params in enumerate(several):
        case(f"{name}{i}", operator, inputs, params)


def boxes(*shape):
    """Boxes (..., 4) within 0 to 1: left, top, right, bottom."""
    return np.sort(RNG.rand(*shape, 2, 2), axis=-2).reshape(*shape, 4)


def images():
    """Resizing, pooling, normalising, blocks."""
    d = {"data": (1, 4, 6, 7)}
    cases("adaptive", C.AdaptiveAvgPooling2D, d, [{"output_size": s} for s in [(), (3,), (2, 5), (7, 9)]])
    resizes = [{"height": 9, "width": 11}, {"height": 3, "width": 4}, {"height": 1, "width": 5},
               {"height": 9, "width": 4, "align_corners": False}, {"scale_height": 2, "scale_width": 1.5},
               {"scale_height": 0.5, "scale_width": 0.7, "align_corners": False},
               {"mode": "odd_scale", "scale_height": 2, "scale_width": 2},
               {"mode": "odd_scale", "scale_height": 0.5, "scale_width": 0.5}, {"mode": "to_even_down"},
               {"mode": "to_even_up"}, {"mode": "to_odd_down"}, {"mode": "to_odd_up"}]  # fmt: skip
    cases("resize", C.BilinearResize2D, d, resizes)
    # MXNet's gradient writes beyond its memory where the two images differ in more than height and width.
    case("resize_like", C.BilinearResize2D, {**d, "like": Fixed(np.zeros((1, 4, 4, 9)))}, {"mode": "like"})
    cases("group_norm", S.GroupNorm, d, [{"num_groups": 2}, {"num_groups": 4, "eps": 0.1}, {}])
    case("sync_batch_norm", C.SyncBatchNorm, d, {"key": "n", "fix_gamma": False})
    case("depth_to_space", S.depth_to_space, {"data": (2, 8, 2, 3)}, {"block_size": 2})
    case("space_to_depth", S.space_to_depth, {"data": (2, 2, 4, 6)}, {"block_size": 2})
    # MXNet's gradient is the output's, neither transposed nor divided.
    case("to_tensor", S.image.to_tensor, {"data": Fixed(RNG.randint(0, 256, (4, 5, 3)))})
    case("to_tensor_batch", S.image.to_tensor, {"data": Fixed(RNG.randint(0, 256, (2, 4, 5, 3)))})
    case("normalize", S.image.normalize, {"data": (3, 4, 5)}, {"mean": (0.4, 0.5, 0.6), "std": (0.1, 0.2, 0.3)})
    case("normalize_batch", S.image.normalize, {"data": (2, 3, 4, 5)}, {"mean": 0.5, "std": (0.2,)})
    powers = [{"kernel": (2, 3), "stride": (2, 1), "pool_type": "lp", "p_value": p} for p in (1, 2, 3)]
    cases("pool_lp", S.Pooling, {"data": RNG.rand(1, 2, 5, 6) - 0.2}, powers)
    hows = [{"kernel": (3, 2), "stride": (2, 2), "pool_type": k, "layout": "NHWC"} for k in ("max", "avg")]
    cases("pool_last", S.Pooling, {"data": (2, 5, 6, 3)}, hows)
    rest = {"kernel": (2, 2), "stride": (3, 3), "pooling_convention": "full"}
    for kind in ("avg", "sum"):
        case(f"pool_rest_{kind}", S.Pooling, {"data": (1, 2, 9, 6)}, {"pool_type": kind, **rest})


def regions():
    """Regions of interest."""
    rois = np.array([[0, 0, 0, 8, 8], [1, 2, 2, 12.5, 9], [0, 4, 0, 11, 6], [1, 9, 9, 40, 30], [0, -3, -5, 4, 4],
                     [1, 3, 3, 3, 3]])  # fmt: skip
    d = {"data": (2, 4, 6, 7), "rois": Fixed(rois)}
    sizes = [((2, 2), 0.5), ((3, 2), 0.5), ((5, 5), 1.0), ((1, 4), 0.37)]
    cases("roi_pool", S.ROIPooling, d, [{"pooled_size": p, "spatial_scale": s} for p, s in sizes])
    align = {"pooled_size": (2, 2), "spatial_scale": 0.5}
    hows = [{"sample_ratio": 2}, {}, {"sample_ratio": 3, "spatial_scale": 0.83}, {"position_sensitive": True}]
    cases("roi_align", C.ROIAlign, d, [{**align, **how} for how in hows])
    aligned = {**align, "aligned": True, "sample_ratio": 2}
    case("roi_align_aligned", C.ROIAlign, {**d, "rois": Fixed(rois[:5])}, aligned)
    hows = [{"output_dim": 1, "pooled_size": 2}, {"output_dim": 1, "pooled_size": 3, "group_size": 2}]
    cases("psroi", C.PSROIPooling, d, [{"spatial_scale": 0.5, **how} for how in hows])
    hows = [{}, {"rpn_pre_nms_top_n": 20, "threshold": 0.3}, {"iou_loss": True, "rpn_min_size": 0},
            {"rpn_min_size": 20}, {"ratios": (0.5, 1, 2), "scales": (3,), "output_score": True}]  # fmt: skip
    base = {"rpn_post_nms_top_n": 8, "feature_stride": 8, "scales": (1, 2, 4), "ratios": (0.7,), "rpn_min_size": 4}
    made = {"cls_prob": RNG.rand(2, 6, 5, 6), "bbox_pred": 0.3 * RNG.randn(2, 12, 5, 6),
            "im_info": np.array([[40, 48, 1.0], [33, 41, 0.5]])}  # fmt: skip
    hows = [{**base, **how} for how in hows]
    cases("proposals", C.MultiProposal, {n: Fixed(v) for n, v in made.items()}, hows)
    cases("proposal", C.Proposal, {n: Fixed(v[:1]) for n, v in made.items()}, hows[3:])


def detections():
    """Boxes."""
    scores = RNG.permutation(24).reshape(2, 12, 1) / 24 - 0.1
    rows = {"data": np.concatenate([RNG.randint(0, 3, (2, 12, 1)), scores, boxes(2, 12)], axis=2)}
    hows = [{}, {"id_index": 0}, {"id_index": 0, "force_suppress": True, "overlap_thresh": 0.2}, {"topk": 5},
            {"valid_thresh": 0.5}, {"valid_thresh": 2}, {"id_index": 0, "background_id": 1, "overlap_thresh": 0.1},
            {"in_format": "center", "out_format": "corner"}, {"out_format": "center"}, {"topk": 0}]  # fmt: skip
    cases("nms", C.box_nms, rows, hows)
    other = np.concatenate([boxes(4, 3), RNG.rand(4, 3, 2)], axis=2)
    case("nms_columns", C.box_nms, {"data": other}, {"coord_start": 0, "score_index": 4, "id_index": 5})
    deviations = {"std0": 0.1, "std1": 0.2, "std2": 0.3, "clip": 0.1}
    for form in ("corner", "center"):
        case(f"iou_{form}", C.box_iou, {"lhs": boxes(2, 5), "rhs": boxes(4)}, {"format": form})
        pair = {"data": (2, 6, 4), "anchors": boxes(1, 6)}
        case(f"decode_{form}", C.box_decode, pair, {**deviations, "format": form})
    made = {"samples": RNG.randint(-1, 2, (2, 6)), "matches": RNG.randint(0, 3, (2, 6)), "anchors": boxes(2, 6),
            "refs": boxes(2, 3), "means": [0.1, 0.2, 0.3, 0.4], "stds": [0.1, 0.1, 0.2, 0.2]}  # fmt: skip
    case("encode", C.box_encode, {n: Fixed(v) for n, v in made.items()})
    hows = [{"threshold": 0.1}, {"threshold": 0.6, "is_ascend": True}, {"threshold": 0.1, "topk": 2}]
    cases("match", C.bipartite_matching, {"data": Fixed(RNG.rand(2, 5, 4))}, hows)


def warps():
    """Sampling at places that other parts of a net compute."""
    image = {"data": (2, 3, 5, 6)}
    case("sampler", S.BilinearSampler, {**image, "grid": RNG.uniform(-1.4, 1.4, (2, 2, 4, 3))})
    affine = {"transform_type": "affine", "target_shape": (4, 3)}
    case("grid_affine", S.GridGenerator, {"data": (2, 6)}, affine)
    case("grid_warp", S.GridGenerator, {"data": (2, 2, 4, 3)}, {"transform_type": "warp"})
    # Places stay inside the image: beyond it MXNet reads what lies in memory.
    inside = {**image, "loc": RNG.uniform(-0.3, 0.3, (2, 6))}
    case("transformer", S.SpatialTransformer, inside, {**affine, "sampler_type": "bilinear"})
    hows = [{"max_displacement": 2, "pad_size": 2}, {"stride1": 2, "pad_size": 1, "is_multiply": False},
            {"kernel_size": 3, "max_displacement": 2, "stride2": 2, "pad_size": 3},
            {"kernel_size": 3, "stride1": 2, "pad_size": 4, "max_displacement": 3, "stride2": 2}]  # fmt: skip
    cases("correlation", S.Correlation, {"data1": (2, 3, 6, 7), "data2": (2, 3, 6, 7)}, hows)
    sizes = [(6, 7), (3, 4), (4, 5)]
    hows = [{"pad": (1, 1)}, {"stride": (2, 2), "dilate": (2, 1), "pad": (2, 1), "num_deformable_group": 2},
            {"num_group": 2, "no_bias": True}]  # fmt: skip
    for i, (size, how) in enumerate(zip(sizes, hows, strict=True)):
        how = {"kernel": (3, 3), "num_filter": 4, **how}
        places = 9 * how.get("num_deformable_group", 1)
        d = {"data": (2, 4, 6, 7), "offset": RNG.uniform(-1.5, 1.5, (2, 2 * places, *size))}
        case(f"deformable{i}", C.DeformableConvolution, d, how)
        modulated = {**d, "mask": RNG.rand(2, places, *size)}
        case(f"modulated{i}", C.ModulatedDeformableConvolution, modulated, how, train=False)


if __name__ == "__main__":
    for part in (images, regions, detections, warps):
        part()
    np.savez_compressed(sys.argv[1], **FOUND)
