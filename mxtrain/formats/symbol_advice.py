"""What is said of operators that a symbol file has and mxtrain has not: a line for each, with a way out."""

from __future__ import annotations

from collections.abc import Iterable

from mxtrain.formats.symbol_json import VARIABLE, JsonNode

SHOWN = 3
OTHERWISE = "cut the symbol before it (net: {symbol: FILE, from: LAYER}), or add it: CONTRIBUTING.md"
ADVICE = (
    ("Custom", "its code is Python of whoever trained the net, which no file holds; write it as an operator"),
    ("_foreach", "control flow is not read; unroll the loop in MXNet and save again"),
    ("_while_loop", "control flow is not read; unroll the loop in MXNet and save again"),
    ("_cond", "control flow is not read; save the branch that is wanted"),
    ("_sg_", "MXNet made it for one machine; take the symbol from before optimize_for or get_backend_symbol"),
    ("_contrib_quant", "quantized nets are not read; take the float32 symbol"),
    ("_contrib_dequant", "quantized nets are not read; take the float32 symbol"),
    ("_contrib_requant", "quantized nets are not read; take the float32 symbol"),
    ("_np", "it belongs to the numpy front of MXNet 2; build the net with mx.sym or nd operators and export again"),
)
"""Beginning of an operator's name -> what to do."""


def unknown_operators(nodes: Iterable[JsonNode]) -> list[str]:
    """A text for each operator, in the order of the file: its nodes, and what to do.

    Args:
        nodes: those whose operator is not known; variables are passed over.
    """
    found: dict[tuple[str, str], list[str]] = {}
    for node in nodes:
        if node.op != VARIABLE:
            found.setdefault((node.op, node.attrs.get("op_type", "")), []).append(node.name)
    return [_text(op, kind, names) for (op, kind), names in found.items()]


def _text(op: str, kind: str, names: list[str]) -> str:
    listed = ", ".join(map(repr, names[:SHOWN])) + (f" and {len(names) - SHOWN} more" if len(names) > SHOWN else "")
    what = f"operator {op!r}{f' ({kind})' if kind else ''}"
    advice = next((text for start, text in ADVICE if op.startswith(start)), OTHERWISE)
    return f"node{'s' * (len(names) > 1)} {listed}: {what} is not one that mxtrain has; {advice}"
