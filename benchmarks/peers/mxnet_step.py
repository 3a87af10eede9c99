"""Times one training step of a small net in MXNet's Module API on the CPU. Prints one JSON line."""

import json
import sys
import time

import mxnet as mx
import numpy as np


def net(name):
    s = mx.sym
    x = s.Variable("data")
    if name == "lenet":
        for filters in (20, 50):
            x = s.Activation(s.Convolution(x, kernel=(5, 5), num_filter=filters), act_type="tanh")
            x = s.Pooling(x, kernel=(2, 2), stride=(2, 2), pool_type="max")
        x = s.Activation(s.FullyConnected(s.Flatten(x), num_hidden=500), act_type="tanh")
    else:
        x = s.Flatten(x)
        for hidden in (128, 64):
            x = s.Activation(s.FullyConnected(x, num_hidden=hidden), act_type="relu")
    return s.SoftmaxOutput(s.FullyConnected(x, num_hidden=10), name="softmax")


def main(name, batch, seconds):
    module = mx.mod.Module(net(name), context=mx.cpu())
    module.bind([("data", (batch, 1, 28, 28))], [("softmax_label", (batch,))])
    module.init_params(mx.init.Xavier())
    options = {"learning_rate": 0.01, "momentum": 0.9, "wd": 1e-4}
    module.init_optimizer(kvstore=None, optimizer="sgd", optimizer_params=options)
    data = mx.io.DataBatch(
        [mx.nd.random.normal(shape=(batch, 1, 28, 28))], [mx.nd.array(np.random.randint(0, 10, batch))]
    )

    def step():
        module.forward(data, is_train=True)
        module.backward()
        module.update()
        mx.nd.waitall()

    for _ in range(5):
        step()
    times, begun = [], time.perf_counter()
    while time.perf_counter() - begun < seconds:
        start = time.perf_counter()
        step()
        times.append(time.perf_counter() - start)
    print(json.dumps({"ms": sorted(times)[len(times) // 2] * 1e3}))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]))
