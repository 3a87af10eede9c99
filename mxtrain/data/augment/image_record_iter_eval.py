"""image_record_iter_eval: the steps of image_record_iter without chance, which take its place in evaluation.

Each random amount is the one of its range that changes least, and the middle is cut: of an image, or a square of
max_crop_size of it if that is given.
"""

from __future__ import annotations

from mxtrain.data.augment import _record_choices, _record_steps, image_record_iter
from mxtrain.data.augment._record_params import Params
from mxtrain.data.augmenter import Augmenter, Image, Values


def apply(params: Params, image: Image, values: Values) -> Image:
    """(H, W, C) -> (h, w, c) of data_shape."""
    return _record_steps.run(params, image, _record_choices.fixed(params))


AUGMENTER = Augmenter(Params, image_record_iter.infer, apply, finish=image_record_iter.finish)
