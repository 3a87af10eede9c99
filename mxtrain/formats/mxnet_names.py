"""Names of operators and attributes in MXNet's symbol files, and what they are here.

Sources: ``add_alias`` in apache/mxnet@1.9.1:src/operator, and names that files of MXNet 0.7 to 2.0 hold.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

CANONICAL: Mapping[str, str] = {
    "convolution": "Convolution", "deconvolution": "Deconvolution", "fully_connected": "FullyConnected",
    "batch_norm": "BatchNorm", "layer_norm": "LayerNorm", "instance_norm": "InstanceNorm",
    "l2_normalization": "L2Normalization", "lrn": "LRN", "activation": "Activation", "leaky_relu": "LeakyReLU",
    "pooling": "Pooling", "dropout": "Dropout", "flatten": "Flatten", "reshape": "Reshape", "transpose": "transpose",
    "swap_axis": "SwapAxis", "expand_dims": "expand_dims", "squeeze": "squeeze", "concat": "Concat", "slice": "slice",
    "slice_axis": "slice_axis", "slice_channel": "SliceChannel", "crop": "Crop", "pad": "Pad",
    "tile": "tile", "reverse": "reverse", "broadcast_axis": "broadcast_axis", "up_sampling": "UpSampling",
    "embedding": "Embedding", "cast": "Cast", "identity": "_copy",
    "block_grad": "BlockGrad", "make_loss": "MakeLoss", "add_n": "add_n",
    "elemwise_add": "elemwise_add", "elemwise_sub": "elemwise_sub", "elemwise_mul": "elemwise_mul",
    "elemwise_div": "elemwise_div", "broadcast_add": "broadcast_add", "broadcast_sub": "broadcast_sub",
    "broadcast_mul": "broadcast_mul", "broadcast_div": "broadcast_div", "broadcast_power": "broadcast_power",
    "broadcast_maximum": "broadcast_maximum", "broadcast_minimum": "broadcast_minimum",
    "broadcast_equal": "broadcast_equal", "broadcast_not_equal": "broadcast_not_equal",
    "broadcast_greater": "broadcast_greater", "broadcast_greater_equal": "broadcast_greater_equal",
    "broadcast_lesser": "broadcast_lesser", "broadcast_lesser_equal": "broadcast_lesser_equal",
    "plus_scalar": "_plus_scalar", "minus_scalar": "_minus_scalar", "rminus_scalar": "_rminus_scalar",
    "mul_scalar": "_mul_scalar", "div_scalar": "_div_scalar", "rdiv_scalar": "_rdiv_scalar",
    "power_scalar": "_power_scalar", "rpower_scalar": "_rpower_scalar", "maximum_scalar": "_maximum_scalar",
    "minimum_scalar": "_minimum_scalar", "equal_scalar": "_equal_scalar", "not_equal_scalar": "_not_equal_scalar",
    "greater_scalar": "_greater_scalar", "greater_equal_scalar": "_greater_equal_scalar",
    "lesser_scalar": "_lesser_scalar", "lesser_equal_scalar": "_lesser_equal_scalar",
    "clip": "clip", "exp": "exp", "log": "log", "sqrt": "sqrt", "square": "square", "abs": "abs",
    "sign": "sign", "reciprocal": "reciprocal", "rsqrt": "rsqrt", "sin": "sin", "cos": "cos", "arccos": "arccos",
    "log1p": "log1p", "expm1": "expm1", "floor": "floor", "ceil": "ceil", "round": "round",
    "negative": "negative", "relu": "relu", "sigmoid": "sigmoid", "tanh": "tanh",
    "maximum": "_maximum", "minimum": "_minimum", "power": "_power", "equal": "_equal", "not_equal": "_not_equal",
    "greater": "_greater", "greater_equal": "_greater_equal", "lesser": "_lesser", "lesser_equal": "_lesser_equal",
    "where": "where", "sum": "sum", "mean": "mean", "max": "max", "min": "min", "prod": "prod",
    "argmax": "argmax", "argmin": "argmin", "dot": "dot",
    "batch_dot": "batch_dot", "pick": "pick", "one_hot": "one_hot", "take": "take", "softmax": "softmax",
    "log_softmax": "log_softmax", "softmax_activation": "SoftmaxActivation", "softmax_output": "SoftmaxOutput",
    "softmax_cross_entropy": "softmax_cross_entropy", "linear_regression_output": "LinearRegressionOutput",
    "logistic_regression_output": "LogisticRegressionOutput", "mae_regression_output": "MAERegressionOutput",
    "svm_output": "SVMOutput", "rnn": "RNN", "smooth_l1": "smooth_l1", "zeros_like": "zeros_like",
    "ones_like": "ones_like", "zeros": "_zeros", "ones": "_ones", "filled": "_full", "arange": "_arange",
    "hard_sigmoid": "hard_sigmoid", "slice_like": "slice_like", "broadcast_like": "broadcast_like",
    "multi_box_prior": "_contrib_MultiBoxPrior", "multi_box_target": "_contrib_MultiBoxTarget",
    "multi_box_detection": "_contrib_MultiBoxDetection",
    "adaptive_avg_pooling": "_contrib_AdaptiveAvgPooling2D", "bilinear_resize": "_contrib_BilinearResize2D",
    "group_norm": "GroupNorm", "roi_pooling": "ROIPooling", "roi_align": "_contrib_ROIAlign",
    "psroi_pooling": "_contrib_PSROIPooling", "box_nms": "_contrib_box_nms", "box_iou": "_contrib_box_iou",
    "box_encode": "_contrib_box_encode", "box_decode": "_contrib_box_decode",
    "bipartite_matching": "_contrib_bipartite_matching", "proposal": "_contrib_MultiProposal",
    "spatial_transformer": "SpatialTransformer", "grid_generator": "GridGenerator",
    "bilinear_sampler": "BilinearSampler", "correlation": "Correlation",
    "deformable_convolution": "_contrib_DeformableConvolution",
    "modulated_deformable_convolution": "_contrib_ModulatedDeformableConvolution",
    "depth_to_space": "depth_to_space", "space_to_depth": "space_to_depth",
    "image_to_tensor": "_image_to_tensor", "image_normalize": "_image_normalize",
    "arange_like": "_contrib_arange_like", "arccosh": "arccosh", "arcsin": "arcsin", "arcsinh": "arcsinh",
    "arctan": "arctan", "arctanh": "arctanh", "argmax_channel": "argmax_channel", "argsort": "argsort",
    "broadcast_hypot": "broadcast_hypot", "broadcast_logical_and": "broadcast_logical_and",
    "broadcast_logical_or": "broadcast_logical_or", "broadcast_logical_xor": "broadcast_logical_xor",
    "broadcast_mod": "broadcast_mod", "broadcast_to": "broadcast_to", "cbrt": "cbrt", "cosh": "cosh",
    "ctc_loss": "CTCLoss", "degrees": "degrees", "diag": "diag", "div_sqrt_dim": "_contrib_div_sqrt_dim", "erf": "erf",
    "erfinv": "erfinv", "eye": "_eye", "fix": "fix", "gamma": "gamma", "gammaln": "gammaln", "gather_nd": "gather_nd",
    "hypot": "_hypot", "hypot_scalar": "_hypot_scalar",
    "interleaved_matmul_encdec_qk": "_contrib_interleaved_matmul_encdec_qk",
    "interleaved_matmul_encdec_valatt": "_contrib_interleaved_matmul_encdec_valatt",
    "interleaved_matmul_selfatt_qk": "_contrib_interleaved_matmul_selfatt_qk",
    "interleaved_matmul_selfatt_valatt": "_contrib_interleaved_matmul_selfatt_valatt", "linalg_gemm": "_linalg_gemm",
    "linalg_gemm2": "_linalg_gemm2", "linspace": "_linspace", "log10": "log10", "log2": "log2",
    "logical_and": "_logical_and", "logical_and_scalar": "_logical_and_scalar", "logical_not": "logical_not",
    "logical_or": "_logical_or", "logical_or_scalar": "_logical_or_scalar", "logical_xor": "_logical_xor",
    "logical_xor_scalar": "_logical_xor_scalar", "mod": "_mod", "mod_scalar": "_mod_scalar", "moments": "moments",
    "nanprod": "nanprod", "nansum": "nansum", "norm": "norm", "radians": "radians", "rcbrt": "rcbrt",
    "repeat": "repeat", "reshape_like": "reshape_like", "rint": "rint", "rmod_scalar": "_rmod_scalar",
    "scatter_nd": "scatter_nd", "sequence_last": "SequenceLast", "sequence_mask": "SequenceMask",
    "sequence_reverse": "SequenceReverse", "shape_array": "shape_array", "sinh": "sinh", "size_array": "size_array",
    "softmin": "softmin", "softsign": "softsign", "sort": "sort", "split_v2": "_split_v2", "stack": "stack",
    "tan": "tan", "topk": "topk", "trunc": "trunc",
}  # fmt: skip
"""Our operator -> the name that is written."""

ALIASES: Mapping[str, str] = {
    "Convolution_v1": "convolution", "Pooling_v1": "pooling", "BatchNorm_v1": "batch_norm",
    "swapaxes": "swap_axis", "split": "slice_channel", "flip": "reverse", "broadcast_axes": "broadcast_axis",
    "crop": "slice", "stop_gradient": "block_grad", "ElementWiseSum": "add_n", "Softmax": "softmax_output",
    "_add": "elemwise_add", "_plus": "elemwise_add", "_Plus": "elemwise_add",
    "_sub": "elemwise_sub", "_minus": "elemwise_sub", "_Minus": "elemwise_sub",
    "_mul": "elemwise_mul", "_Mul": "elemwise_mul", "_div": "elemwise_div", "_Div": "elemwise_div",
    "_Power": "power", "_Maximum": "maximum", "_Minimum": "minimum",
    "_Equal": "equal", "_Not_Equal": "not_equal", "_Greater": "greater", "_Greater_Equal": "greater_equal",
    "_Lesser": "lesser", "_Lesser_Equal": "lesser_equal",
    "_PlusScalar": "plus_scalar", "_MinusScalar": "minus_scalar", "_RMinusScalar": "rminus_scalar",
    "_MulScalar": "mul_scalar", "_DivScalar": "div_scalar", "_RDivScalar": "rdiv_scalar",
    "_PowerScalar": "power_scalar", "_RPowerScalar": "rpower_scalar",
    "_MaximumScalar": "maximum_scalar", "_MinimumScalar": "minimum_scalar",
    "_EqualScalar": "equal_scalar", "_NotEqualScalar": "not_equal_scalar", "_GreaterScalar": "greater_scalar",
    "_GreaterEqualScalar": "greater_equal_scalar", "_LesserScalar": "lesser_scalar",
    "_LesserEqualScalar": "lesser_equal_scalar",
    "broadcast_plus": "broadcast_add", "broadcast_minus": "broadcast_sub",
    "sum_axis": "sum", "max_axis": "max", "min_axis": "min", "choose_element_0index": "pick",
    "flatten": "flatten", "reshape": "reshape", "cast": "cast", "concat": "concat", "pad": "pad",
    "identity": "identity", "make_loss": "make_loss", "_rnn_param_concat": "concat", "amp_cast": "cast",
    "MultiBoxPrior": "multi_box_prior", "MultiBoxTarget": "multi_box_target",
    "MultiBoxDetection": "multi_box_detection", "_contrib_Proposal": "proposal",
    "_contrib_box_non_maximum_suppression": "box_nms", "_contrib_SyncBatchNorm": "batch_norm",
    "ctc_loss": "ctc_loss", "_contrib_CTCLoss": "ctc_loss", "_contrib_ctc_loss": "ctc_loss", "_Hypot": "hypot",
    "_HypotScalar": "hypot_scalar", "linalg_gemm": "linalg_gemm", "linalg_gemm2": "linalg_gemm2",
    "_Logical_And": "logical_and", "_LogicalAndScalar": "logical_and_scalar", "_Logical_Or": "logical_or",
    "_LogicalOrScalar": "logical_or_scalar", "_Logical_Xor": "logical_xor", "_LogicalXorScalar": "logical_xor_scalar",
    "_Mod": "mod", "_ModScalar": "mod_scalar", "_RModScalar": "rmod_scalar", "batch_take": "pick",
}  # fmt: skip
"""Other names that are read -> our operator."""

OURS: Mapping[str, str] = {**{mxnet: ours for ours, mxnet in CANONICAL.items()}, **ALIASES}
"""Every name that is read -> our operator."""

FOREIGN = frozenset({"cudnn_off", "cudnn_tune", "workspace", "sparse_grad", "is_int", "ctx", "im2col_step"})
"""Attributes that say how MXNet computes, not what: kept, never read."""

INERT: Mapping[str, tuple[Any, ...]] = {
    "layout": (None, "NCHW", "NCW", "NCDHW"), "output_mean_var": (False, 0), "use_length": (False, 0),
    "p_value": (None,), "count_include_pad": (None,), "temperature": (None, 1.0), "dtype": (None,),
    "target_shape": (None, (), (0, 0), 0), "adj": ((), (0, 0)), "keep_highest": (False, 0), "reverse": (False, 0),
    "axes": ((),), "flatten": (True, 1), "min_calib_range": (None,), "max_calib_range": (None,), "num_filter": (0,),
    "projection_size": (None,), "use_sequence_length": (False, 0), "lstm_state_clip_nan": (False, 0),
    "lstm_state_clip_min": (None,), "lstm_state_clip_max": (None,),
}  # fmt: skip
"""Attributes that may be missing here as long as they hold one of these values, which change nothing."""

NONE_IS_A_VALUE = frozenset({("pick", "axis")})
"""(our operator, parameter) where the text None does not mean "left out" (MXNet's default is a number)."""

HIDDEN = ("ctx_group", "lr_mult", "wd_mult", "force_mirroring", "mirror_stage", "profiler_scope")
"""Keys that MXNet keeps as ``__key__``. Old files have them bare, or behind the name of an input."""

LACKS: Mapping[tuple[str, str], frozenset[Any]] = {
    ("activation", "act_type"): frozenset({"relu", "sigmoid", "tanh", "softrelu", "softsign"}),
}
"""(our operator, parameter) -> values that MXNet knows."""

WRITTEN: Mapping[tuple[str, str], tuple[str, Any]] = {("pooling", "p_value"): ("pool_type", "lp")}
"""(our operator, parameter) -> the parameter and value with which MXNet demands it, default or not."""

INITIAL: Mapping[tuple[str, str], str] = {
    ("batch_norm", "moving_mean"): '["zero", {}]',
    ("batch_norm", "moving_var"): '["one", {}]',
    ("leaky_relu", "gamma"): '["Constant", {"value": 0.25}]',
}
"""(our operator, input) -> the ``__init__`` that MXNet gives a variable there which has none."""

DATA_INPUTS = frozenset({
    "label", "index", "indices", "condition", "sequence_length", "length", "data_lengths", "label_lengths", "rois",
    "im_info", "like", "data2", "grid", "loc", "offset", "mask", "samples", "matches", "refs",
})  # fmt: skip
"""Inputs that bring data although they are not the first."""


def our_name(mxnet: str) -> str | None:
    """Our operator for a name in a symbol file, or None."""
    return OURS.get(mxnet)


def is_hidden(key: str) -> bool:
    """True for a key that equals a hidden key or ends in one (``lr_mult``, ``weight_lr_mult``)."""
    return any(key.endswith(h) for h in HIDDEN)


def is_foreign(key: str) -> bool:
    """True for a key of an operator that is kept as it came: ``__x__``, hidden ones, and MXNet's own settings."""
    return (len(key) > 4 and key.startswith("__") and key.endswith("__")) or key in FOREIGN or is_hidden(key)


def output_count(ours: str, params: Any, visible: int) -> int:
    """How many outputs MXNet counts for a node in ``node_row_ptr``, hidden ones included (a build without oneDNN)."""
    if ours in ("batch_norm", "layer_norm", "instance_norm"):
        return 3
    if ours in ("dropout", "lrn", "l2_normalization"):
        return 2
    if ours in ("ctc_loss", "sort"):
        return 2
    if ours == "topk":
        return 1 if params.ret_typ in ("indices", "mask") else 2
    if ours == "leaky_relu":
        return 2 if getattr(params, "act_type", "") == "rrelu" else 1
    return visible
