"""Immutable graphs: Op, Kernel and Recipe (op.py), Node and Entry (node.py), Graph and Update (graph.py), text.py.

May import base. Knows no operator. Start with node.py.
"""

from mxtrain.graph.graph import Graph, Update, topological, unique
from mxtrain.graph.node import Entry, Kind, Node, apply, apply_node, complete_types, infer, rebuild, variable
from mxtrain.graph.op import Call, Infer, Instruction, Kernel, Names, Op, Pointwise, Recipe, Setting, Vocabulary
from mxtrain.graph.text import entry_text, graph_text, node_text, params_text

__all__ = [
    "Call", "Entry", "Graph", "Infer", "Instruction", "Kernel", "Kind", "Names", "Node", "Op", "Pointwise", "Recipe",
    "Setting", "Update", "Vocabulary",
    "apply", "apply_node", "complete_types", "entry_text", "graph_text", "infer", "node_text", "params_text",
    "rebuild", "topological", "unique", "variable",
]  # fmt: skip
