"""Takes bare steps of a net in mxtrain, when it is told to (worker.py): a plan and the update. `predict` instead of
`infer` normalises decoded images and takes results as `mxtrain predict` does, without files.

    python ours_step.py CONFIG train|infer|predict
"""

from __future__ import annotations

import sys

import numpy as np
from worker import serve

from mxtrain.data.augmenter import Finish
from mxtrain.train.bench import find_net, make_bare
from mxtrain.train.finisher import Finisher
from mxtrain.train.predict import compute


def main(config: str, mode: str) -> None:
    bare = make_bare(*find_net(config, []), infer=mode != "train")
    if mode == "predict":
        n, channels, *size = bare.plan.inputs["data"].shape
        images = np.random.default_rng(0).integers(0, 256, (n, *size, channels), np.uint8)
        finisher = Finisher(Finish(mean=(120.0, 115.0, 100.0)[:channels], std=(60.0,)), bare.plan.device)
        serve(lambda: compute(bare.plan, "data", finisher, images))
        return
    done = iter(range(1 << 60))
    serve(lambda: bare.step(next(done)))


if __name__ == "__main__":
    main(*sys.argv[1:])
