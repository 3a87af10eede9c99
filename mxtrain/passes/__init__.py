"""Passes: pure functions from graph to graph, with typed keyword arguments. No operator is named in this folder.

May import base and graph. `compile_graph` is the ordered list of them; the graph is verified after each.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mxtrain.base.device import Device
from mxtrain.graph import Entry, Graph, Node, Recipe, Setting, Vocabulary
from mxtrain.passes.chain import fuse_chains
from mxtrain.passes.fuse import fuse_compiled, fuse_structures
from mxtrain.passes.gradient import LOSS_SCALE, auxiliary_updates, gradient, with_losses, zeros_for
from mxtrain.passes.infer import infer_partial, infer_types
from mxtrain.passes.join import join_updates
from mxtrain.passes.layout import set_layouts
from mxtrain.passes.memory import REUSING, MemoryPlan, Place, Strategy, on_parameters, plan_memory
from mxtrain.passes.precision import set_precision
from mxtrain.passes.recompute import Recomputed, recompute_segments
from mxtrain.passes.select import select_kernels
from mxtrain.passes.settle import settle
from mxtrain.passes.simplify import at_eval, common_subexpressions, expand

__all__ = [
    "LOSS_SCALE", "Compiled", "MemoryPlan", "Options", "Place", "Strategy", "compile_graph", "for_prediction",
    "for_training", "gradient", "infer_partial", "infer_types", "plan_memory", "with_losses", "zeros_for",
]  # fmt: skip


@dataclass(frozen=True)
class Options:
    """What may be chosen about compilation.

    Args:
        precision: ``float32``, ``bfloat16`` or ``float16``, which scales the loss.
        strategy: memory strategy.
        fuse: merge structures and pointwise chains.
        cse: merge common subexpressions.
        hoist: keep what depends on parameters alone between runs.
        accumulate: a training plan runs several times before parameters change.
    """

    precision: str = "float32"
    strategy: Strategy = "both"
    fuse: bool = True
    cse: bool = True
    hoist: bool = True
    accumulate: bool = False

    @property
    def reuse(self) -> bool:
        """Whether bytes of what is dead are used again."""
        return self.strategy in REUSING


@dataclass(frozen=True, eq=False)
class Compiled:
    """A graph with a kernel for every node and a place for every entry."""

    graph: Graph
    recipes: Mapping[Node, Recipe]
    memory: MemoryPlan


def for_training(
    g: Graph, wrt: list[str], *, vocabulary: Vocabulary, options: Options, compiled: bool = False
) -> tuple[Graph, dict[str, Entry]]:
    """The training graph of a typed graph: outputs, losses, gradients of `wrt` by name, updates of auxiliaries.

    Args:
        compiled: it is for a device that has kernels of its own.
    """
    g = expand(g).check()
    if options.fuse:
        g = fuse_structures(g, training=True, compiled=compiled).check()
    g = with_losses(g)
    scaled = options.precision == "float16"
    g, grads = gradient(g, wrt, vocabulary=vocabulary, scaled=scaled, pairs=compiled and options.fuse)
    g = auxiliary_updates(g).check()
    if not compiled or not options.fuse:
        return g, grads
    first = len(g.outputs) - len(grads)
    g = join_updates(fuse_compiled(g)).check()
    return g, dict(zip(grads, g.outputs[first:], strict=True))


def for_prediction(g: Graph, *, options: Options) -> Graph:
    """The prediction graph of a typed graph: no loss, no label, no noise; normalisation folded into weights."""
    g = at_eval(expand(g)).check()
    return fuse_structures(g, training=False).check() if options.fuse else g


def compile_graph(
    g: Graph,
    device: Device,
    *,
    vocabulary: Vocabulary,
    options: Options,
    fixed: Mapping[int, str] | None = None,
) -> Compiled:
    """From a typed graph to kernels and memory.

    Args:
        fixed: output number -> variable in whose storage it must end (gradients).
    """
    g = settle(g, Setting(device, options.precision, lean=options.strategy == "recompute")).check()
    if options.cse:
        g = common_subexpressions(g).check()
    g = set_precision(g, options.precision, vocabulary=vocabulary).check()
    g = set_layouts(g, vocabulary=vocabulary).check()
    if options.fuse:
        g = fuse_chains(g, vocabulary=vocabulary, compiled=device.runtime is not None).check()
    selected = select_kernels(g, device, vocabulary=vocabulary)
    g = selected.graph.check()

    def plan(r: Recomputed) -> MemoryPlan:
        targets: dict[Entry, str] = {}
        for i, name in (fixed or {}).items():
            targets.setdefault(r.graph.outputs[i], name)
        return plan_memory(
            r.graph, r.recipes, strategy=options.strategy, hoist=options.hoist, fixed=targets, order=r.order
        )

    final = Recomputed(g, selected.recipes, g.nodes)
    if options.strategy == "recompute":
        gradients = [g.outputs[i] for i in fixed or ()]
        still = frozenset(on_parameters(g, gradients)) if options.hoist else frozenset()
        final = recompute_segments(
            g, selected.recipes, gradients=gradients, fixed=still, measure=lambda r: plan(r).block
        )
        final.graph.check()
    return Compiled(final.graph, final.recipes, plan(final))
