"""Times one training step of mxtrain on a config file, plan and update alone. Prints one JSON line."""

import json
import sys
import time

from mxtrain.train.build import build
from mxtrain.train.evaluate import batch_types
from mxtrain.train.fit import load_config


def main(config: str, seconds: float) -> None:
    built = build(*load_config(config, []))
    feeder = built.feeder(built.train)
    with built.train.it.epoch(0) as batches:
        batch = next(batches)
        plan = built.program.training(batch_types(built.train.it, len(batch.ids), labels=feeder.names))
        feeder.feed(plan, batch)
    rows, times, begun = len(batch.ids), [], time.perf_counter()
    while time.perf_counter() - begun < seconds:
        start = time.perf_counter()
        plan.run()
        built.updater.update(len(times), rows)
        times.append(time.perf_counter() - start)
    print(json.dumps({"ms": sorted(times)[len(times) // 2] * 1e3}))


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]))
