"""Takes steps of a net in MXNet's Module API, when it is told to (worker.py). The net is a symbol file, written from
the net that our side runs.

    mxnet-env/bin/python mxnet_step.py SYMBOL.json BATCH train|infer SHAPE
"""

import sys

import mxnet as mx
import numpy as np
from worker import serve


def main(symbol, batch, mode, shape):
    net = mx.sym.load(symbol)
    label = [n for n in net.list_arguments() if n.endswith("label")]
    module = mx.mod.Module(net, label_names=label, context=mx.cpu())
    training = mode == "train"
    module.bind([("data", (batch, *shape))], [(n, (batch,)) for n in label], for_training=training)
    module.init_params(mx.init.Xavier())
    if training:
        options = {"learning_rate": 1e-4, "momentum": 0.9, "wd": 1e-4}
        module.init_optimizer(kvstore=None, optimizer="sgd", optimizer_params=options)
    data = mx.io.DataBatch([mx.nd.random.normal(shape=(batch, *shape))], [mx.nd.array(np.random.randint(0, 10, batch))])

    def step():
        module.forward(data, is_train=training)
        if training:
            module.backward()
            module.update()
        mx.nd.waitall()

    serve(step)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3], tuple(int(n) for n in sys.argv[4].split(",")))
