"""Attributes that older versions of MXNet meant otherwise, as what they mean today.

Sources: src/nnvm/legacy_json_util.cc and src/operator/tensor/matrix_op-inl.h of MXNet 1.9.1, which still read them.
"""

from __future__ import annotations

from collections.abc import Mapping

from mxtrain.base.errors import FormatError
from mxtrain.formats.attr_text import attr_text, parse_attr

AXIS_MINUS_ONE = 905
TARGET = "target_shape"


def modern(op: str, attrs: Mapping[str, str], version: int) -> dict[str, str]:
    """The attributes of a node, those that mean something else today replaced.

    Args:
        op: MXNet's name of the operator.
        attrs: texts by key.
        version: of the file: major * 10000 + minor * 100 + patch.
    """
    result = dict(attrs)
    if version < AXIS_MINUS_ONE and op in ("argmax", "argmin") and result.get("axis") == "-1":
        del result["axis"]
    if op in ("Reshape", "reshape"):
        _reshape(result)
    if op == "_contrib_SyncBatchNorm":
        # On one device it is a BatchNorm, which has not these two.
        result.pop("key", None)
        result.pop("ndev", None)
    return result


def _reshape(attrs: dict[str, str]) -> None:
    """``target_shape``, in which one 0 is whatever is left; with ``keep_highest`` the first axis stays as it is."""
    try:
        target, shape, keep = (parse_attr(attrs.get(key, "()")) for key in (TARGET, "shape", "keep_highest"))
    except FormatError:
        return
    if not isinstance(target, tuple) or not all(type(n) is int and n >= 0 for n in target):
        return
    keeps = keep in (True, 1)
    if shape == () and (any(target) or keeps) and target.count(0) <= 1 + keeps:
        sizes = [n or -1 for n in target]
        attrs["shape"] = attr_text((0, *sizes[1:]) if keeps else tuple(sizes))
    elif shape == () or not any(target) and not keeps:
        return
    attrs.pop(TARGET, None)
    attrs.pop("keep_highest", None)
