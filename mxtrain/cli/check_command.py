"""mxtrain check: what a config means, before it costs anything."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mxtrain.cli._common import emit, read_size, size_text, table

if TYPE_CHECKING:
    from mxtrain.passes import Strategy
    from mxtrain.report.summary import Summary
    from mxtrain.train.check import Checked

HELP = """Check a config: every layer with its shape, parameters, operations and kernel; memory for training and
prediction under each strategy, and the peak of a process that trains; for a GPU, whether a step can be one CUDA graph.
Nothing is trained, and of the data only headers are looked at (not even those with input_shape)."""

MIB = 1 << 20


def command(
    config: Annotated[str, typer.Argument(metavar="CONFIG", help="config file, or the name of a shipped one")],
    overrides: Annotated[
        list[str] | None, typer.Argument(metavar="KEY=VALUE", help="keys to set; ~KEY removes one")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="one JSON object instead of tables")] = False,
    memory: Annotated[
        str | None, typer.Option(metavar="SIZE", help="print the largest batch_size that trains within so much: 4GiB")
    ] = None,
    plan: Annotated[bool, typer.Option("--plan", help="print the training plan too, step by step")] = False,
) -> None:
    """Compile and print."""
    from mxtrain.report.summary import Memory, Summary, fallbacks, sizes, summarise_layers, uncaptured
    from mxtrain.train.check import check_config, largest_batches
    from mxtrain.train.fit import load_config

    budget = None if memory is None else read_size(memory)
    record, tree, where = load_config(config, overrides or [])
    if budget is not None:
        _largest(largest_batches(record, tree, where, budget), budget, json)
        return
    checked = check_config(record, tree, where)
    best = checked.training["both"]
    needs = tuple(
        Memory(
            s,
            checked.training[s].memory.block,
            checked.prediction[s].memory.block,
            max(checked.training[s].memory.persistent, checked.prediction[s].memory.persistent),
            checked.footprints[s].peak,
        )
        for s in checked.training
    )
    summary = Summary(
        summarise_layers(checked.graph, best), needs, sizes(checked.graph, "parameter"),
        sizes(checked.graph, "auxiliary"), checked.state_bytes, checked.rows, fallbacks(best),
        uncaptured(checked.captured) if checked.captured and record.cuda_graph else None,
    )  # fmt: skip
    if json:
        emit(summary.to_json())
        return
    _tables(summary)
    _graph(summary, checked)
    if plan:
        _plan(best)


def _largest(found: Mapping[Strategy, int], budget: int, json: bool) -> None:
    if json:
        emit({"memory": budget, "batch_size": dict(found)})
        return
    rows = [(s, str(n) if n else "not even 1") for s, n in found.items()]
    sys.stdout.write(table(("memory", f"largest batch_size within {size_text(budget)}"), rows, (1,)))


def _tables(summary: Summary) -> None:
    rows = []
    for row in summary.layers:
        flops = f"{row.flops / summary.batch / 1e6:.3f}"
        shape = " x ".join(map(str, row.shape))
        rows.append((row.name, row.op, shape, f"{row.parameters:,}" if row.parameters else "", flops, row.kernel))
    titles = ("layer", "operator", "output", "parameters", "MFLOP/sample", "kernel")
    sys.stdout.write(table(titles, rows, (3, 4)))
    total = sum(row.flops for row in summary.layers) / summary.batch / 1e6
    sys.stdout.write(
        f"\n{summary.parameters:,} parameters, {summary.auxiliaries:,} auxiliary, {total:,.1f} MFLOP per sample "
        f"(forward); batch {summary.batch}\n\n"
    )
    memory = [
        (m.strategy, *(f"{b / MIB:.2f}" for b in (m.training, m.prediction, m.packed, m.peak))) for m in summary.memory
    ]
    columns = ("memory (MiB)", "training", "prediction", "packed weights", "peak of fit")
    sys.stdout.write(table(columns, memory, (1, 2, 3, 4)))
    fixed = (4 * 2 * summary.parameters + 4 * summary.auxiliaries + summary.states) / MIB
    sys.stdout.write(f"\nparameters, gradients and optimizer state: {fixed:.2f} MiB in every case\n")
    if summary.fallbacks:
        listed = ", ".join(f"{n} ({k})" if k > 1 else n for n, k in summary.fallbacks.items())
        sys.stdout.write(f"on reference kernels: {listed}\n")


def _graph(summary: Summary, checked: Checked) -> None:
    """What the run would say of its CUDA graph."""
    from mxtrain.backends import cuda

    if summary.uncaptured is not None:
        why = cuda.call_by_call(u.op for u in summary.uncaptured)
        sys.stdout.write(f"\n{why or 'every step can be captured into one CUDA graph'}\n")
        rows = [(u.name, u.op, f"{u.kernel}: allocates, or waits for values") for u in summary.uncaptured]
        if rows:
            sys.stdout.write("\n" + table(("not captured", "operator", "why"), rows, ()))
    if cuda.is_planned(checked.device):
        sys.stdout.write(
            "no GPU can be used on this machine (`mxtrain doctor` says why): cuDNN and cuBLASLt are taken to take all "
            "they are asked, and\nwhat memory they work in is not counted\n"
        )


def _plan(compiled: Any) -> None:
    from mxtrain.graph import entry_text

    for title, nodes in (("after each update", compiled.memory.pack), ("every step", compiled.memory.steps)):
        sys.stdout.write(f"\n{title}:\n")
        for n in nodes:
            outs = "; ".join(
                f"{t} @ {compiled.memory.places[n[i]].space}+{compiled.memory.places[n[i]].offset}"
                for i, t in enumerate(n.types)
            )
            args = ", ".join(entry_text(e) for e in n.inputs)
            sys.stdout.write(f"  {n.name} = {n.op.name}({args}) [{compiled.recipes[n].name}] -> {outs}\n")
