"""Takes bare steps of a net in mxtrain, when it is told to (worker.py): a plan and the update. `predict` instead of
`infer` feeds arrays and takes results as `mxtrain predict` does, without files.

    python ours_step.py CONFIG train|infer|predict
"""

from __future__ import annotations

import sys

import numpy as np
from worker import serve

from mxtrain.data.augmenter import Finish
from mxtrain.train.bench import find_net, make_bare
from mxtrain.train.predict import compute


def main(config: str, mode: str) -> None:
    bare = make_bare(*find_net(config, []), infer=mode != "train")
    if mode == "predict":
        target = bare.plan.inputs["data"]
        images = np.random.default_rng(0).standard_normal(target.shape, np.float32)
        serve(lambda: compute(bare.plan, "data", Finish(), images))
        return
    done = iter(range(1 << 60))
    serve(lambda: bare.step(next(done)))


if __name__ == "__main__":
    main(*sys.argv[1:])
