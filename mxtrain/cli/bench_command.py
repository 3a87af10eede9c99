"""mxtrain bench: how fast a part of a run is by itself; now the data, `bench io`."""

from __future__ import annotations

import sys
from time import perf_counter
from typing import TYPE_CHECKING, Annotated

import typer

from mxtrain.base.errors import ConfigError, UsageError
from mxtrain.cli._common import emit, log_to_stderr, table

if TYPE_CHECKING:
    from mxtrain.data.iterator import DataIter
    from mxtrain.data.stages import Stages

HELP = """Measure a part of a run. `mxtrain bench io CONFIG` makes training batches as fast as it can and copies them
where a net would read them: it shows samples per second stage by stage, and says in one sentence what limits and what
to change."""


def command(
    part: Annotated[str, typer.Argument(metavar="io", help="what to measure: io, the training data")],
    config: Annotated[str, typer.Argument(metavar="CONFIG", help="config file, or the name of a shipped one")],
    overrides: Annotated[
        list[str] | None, typer.Argument(metavar="KEY=VALUE", help="keys to set; ~KEY removes one")
    ] = None,
    batches: Annotated[int, typer.Option(metavar="N", min=1, help="batches to make, over as many epochs")] = 100,
    json: Annotated[bool, typer.Option("--json", help="one JSON object instead of a table")] = False,
) -> None:
    """Open, run, print."""
    from mxtrain.data.advice import advice
    from mxtrain.train.data import open_set
    from mxtrain.train.fit import load_config

    if part != "io":
        raise UsageError(f"bench {part!r}: only the training data can be measured; write: mxtrain bench io CONFIG")
    log_to_stderr()
    record, tree, where = load_config(config, overrides or [])
    found = open_set(record, tree, where, "train")
    if found is None:
        raise ConfigError(tree.problem(("data",), "data.train is missing; bench io makes its batches"))
    seconds, samples, copied = run(found.it, batches)
    stages = found.it.timings()._replace(copy=copied)
    said = advice(stages, 0.0)
    if json:
        rates = {"samples": samples, "seconds": seconds, "samples_per_sec": samples / seconds}
        emit(
            {
                **rates,
                "stages": {**stages.work, "copy": copied},
                "waited": stages.waited,
                "threads": stages.threads,
                "advice": said,
            }
        )
        return
    sys.stdout.write(text(stages, samples, seconds))
    sys.stdout.write(f"{said}\n")


def run(it: DataIter, batches: int) -> tuple[float, int, float]:
    """(seconds, samples, seconds of copying) of that many batches, from the first epoch on."""
    import numpy as np

    nets = {name: np.empty(kind.shape, np.float32) for name, kind in it.net_types.inputs.items()}
    samples = epoch = 0
    copied = 0.0
    left = batches
    begun = perf_counter()
    while left:
        with it.epoch(epoch) as made:
            for batch in made:
                took = perf_counter()
                for name, values in batch.inputs.items():
                    target = nets[name][: len(batch.ids)]
                    it.finish.apply(values, target.transpose(0, 2, 3, 1) if values.dtype == np.uint8 else target)
                copied += perf_counter() - took
                samples += batch.valid
                left -= 1
                if not left:
                    break
        epoch += 1
    return perf_counter() - begun, samples, copied


def text(stages: Stages, samples: int, seconds: float) -> str:
    """The table: what each stage would give if a thread did nothing else, and its part of the work."""
    # Threads are ahead of the consumer when it stops: they made more samples than it copied.
    spent = {name: (s, stages.samples) for name, s in stages.work.items()} | {"copy": (stages.copy, samples)}
    total = sum(s for s, _ in spent.values())
    rows = [(name, f"{n / s:,.0f}" if s else "-", f"{s / total:.1%}" if s else "-") for name, (s, n) in spent.items()]
    workers = f"{stages.threads} thread{'s' if stages.threads > 1 else ''}" if stages.threads else "no threads"
    whole = f"all stages, {workers}: {samples / seconds:,.0f} samples/s ({samples:,} in {seconds:.2f} s)\n"
    return table(("stage", "samples/s per thread", "of the work"), rows, right=(1, 2)) + whole
