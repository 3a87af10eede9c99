"""Times MXNet's ImageRecordIter: random resized crop 224, flip, uint8 batches.

    python mxnet_records.py FILE.rec THREADS SECONDS

Prints one JSON line.
"""

import json
import sys
import time

import mxnet as mx

BATCH = 128


def main(path, threads, seconds):
    batches = mx.io.ImageRecordIter(
        path_imgrec=path, data_shape=(3, 224, 224), batch_size=BATCH, preprocess_threads=threads, dtype="uint8",
        random_resized_crop=True, min_random_area=0.08, max_random_area=1.0, min_aspect_ratio=3 / 4,
        max_aspect_ratio=4 / 3, rand_mirror=True, shuffle=True, verbose=False, ctx="cpu",
    )  # fmt: skip
    count, begun = 0, 0.0
    while not begun or time.perf_counter() - begun < seconds:
        batches.reset()
        for batch in batches:
            batch.data[0].wait_to_read()
            if begun:
                count += BATCH
        # The first pass warms up.
        begun = begun or time.perf_counter()
    print(json.dumps({"rate": count / (time.perf_counter() - begun)}))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]))
