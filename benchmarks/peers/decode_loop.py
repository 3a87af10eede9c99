"""Times the bare loop of one decoder over the JPEGs of a folder: decode, random resized crop 224, on some threads.

    python decode_loop.py pillow|simplejpeg|opencv FOLDER THREADS SECONDS

The JPEG is decoded at 1/2, 1/4, 1/8 where the window is still as large as the crop. Prints one JSON line.
"""

import io
import json
import math
import pathlib
import random
import sys
import threading
import time

import numpy as np

SIZE = 224


def window(rng, height, width):
    for _ in range(10):
        area, ratio = rng.uniform(0.08, 1) * height * width, math.exp(rng.uniform(math.log(3 / 4), math.log(4 / 3)))
        w, h = round(math.sqrt(area * ratio)), round(math.sqrt(area / ratio))
        if 0 < w <= width and 0 < h <= height:
            return rng.randint(0, height - h), rng.randint(0, width - w), h, w
    return 0, 0, height, width


def scaled(rng, height, width):
    """(scale, window in the scaled image)."""
    top, left, h, w = window(rng, height, width)
    scale = max(s for s in (1, 2, 4, 8) if s == 1 or s <= min(h, w) / SIZE)
    return scale, (top // scale, left // scale, max(1, h // scale), max(1, w // scale))


def pillow():
    from PIL import Image

    def one(data, rng):
        with Image.open(io.BytesIO(data)) as image:
            scale, (top, left, h, w) = scaled(rng, image.height, image.width)
            image.draft("RGB", (image.width // scale, image.height // scale))
            pixels = image if image.mode == "RGB" else image.convert("RGB")
            box = (left, top, left + w, top + h)
            return np.asarray(pixels.resize((SIZE, SIZE), Image.Resampling.BILINEAR, box))

    return one


def simplejpeg():
    """With the resizer of cykooz-resizer if it is there, else with Pillow's."""
    import simplejpeg as library
    from PIL import Image

    try:
        import cykooz_resizer as resizer
    except ImportError:
        resizer = None
    else:
        bilinear = resizer.ResizeAlg.convolution(resizer.FilterType.bilinear)
        options = resizer.ResizeOptions(resize_alg=bilinear, use_alpha=False)
        kind = resizer.PixelType.U8x3
    own = threading.local()

    def one(data, rng):
        height, width, _, _ = library.decode_jpeg_header(data)
        scale, (top, left, h, w) = scaled(rng, height, width)
        least = {"min_height": -(-height // scale), "min_width": -(-width // scale)} if scale > 1 else {}
        # Into the same memory each time: new memory of that size would take it a quarter longer.
        if len(getattr(own, "memory", ())) < height * width * 3:
            own.memory = np.empty(height * width * 3, np.uint8)
        crop = library.decode_jpeg(data, "RGB", buffer=own.memory, **least)[top : top + h, left : left + w]
        if resizer is None:
            image = Image.fromarray(np.ascontiguousarray(crop))
            return np.asarray(image.resize((SIZE, SIZE), Image.Resampling.BILINEAR))
        source = resizer.ImageData(w, h, kind, crop.tobytes())
        target = resizer.ImageData(SIZE, SIZE, kind)
        resizer.Resizer().resize(source, target, options)
        return np.frombuffer(target.get_buffer(), np.uint8).reshape(SIZE, SIZE, 3)

    return one


def opencv():
    """Its resize is not antialiased, and cheaper for that."""
    import cv2

    cv2.setNumThreads(0)
    flags = {
        1: cv2.IMREAD_COLOR, 2: cv2.IMREAD_REDUCED_COLOR_2, 4: cv2.IMREAD_REDUCED_COLOR_4,
        8: cv2.IMREAD_REDUCED_COLOR_8,
    }  # fmt: skip

    def one(data, rng):
        # It has no way to read a header alone, so the scale is decided for the size that most of the images have.
        scale, _ = scaled(rng, 375, 500)
        image = cv2.imdecode(np.frombuffer(data, np.uint8), flags[scale])
        top, left, h, w = window(rng, *image.shape[:2])
        return cv2.resize(image[top : top + h, left : left + w], (SIZE, SIZE))

    return one


def main(kind, folder, threads, seconds):
    files = [p.read_bytes() for p in sorted(pathlib.Path(folder).rglob("*.JPEG"))]
    one = {"pillow": pillow, "simplejpeg": simplejpeg, "opencv": opencv}[kind]()
    counts = [0] * threads

    def work(index, end):
        rng = random.Random(index)
        while time.perf_counter() < end:
            one(files[rng.randrange(len(files))], rng)
            counts[index] += 1

    one(files[0], random.Random(0))
    begun = time.perf_counter()
    workers = [threading.Thread(target=work, args=(i, begun + seconds)) for i in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    print(json.dumps({"rate": sum(counts) / (time.perf_counter() - begun)}))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), float(sys.argv[4]))
