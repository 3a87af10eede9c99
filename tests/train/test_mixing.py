from dataclasses import replace

import numpy as np
import pytest

from mxtrain.base.errors import ConfigError
from mxtrain.data.mixer import draw_words
from mxtrain.train.build import build
from mxtrain.train.fit import load_config, start_run
from tests.train.runs import images

CONFIG = """
data: {{train: {{name: arrays, path: {root}/data.npz}}}}
augment: [{{normalize: {{std: 255}}}}]
mix: {mix}
net:
  - flatten
  - fully_connected: {{num_hidden: {width}}}
  - {head}: {{name: softmax}}
batch_size: 8
epochs: 2
optimizer: {{name: sgd, lr: 0.1}}
metrics: [accuracy, cross_entropy]
log: {{progress: "off"}}
"""


@pytest.fixture
def config(tmp_path):
    pixels, labels = images(12)
    np.savez(tmp_path / "data.npz", data=pixels[..., None], softmax_label=labels % 2)

    def write(mix, width=2, head="softmax_output"):
        path = tmp_path / "c.yaml"
        path.write_text(CONFIG.format(root=tmp_path, mix=mix, width=width, head=head))
        return str(path)

    return write


def test_labels_become_probabilities(config):
    built = build(*load_config(config("[{mixup: {alpha: 1.0, per: sample}}, cutmix]"), []))
    with built.train.it.epoch(0) as batches:
        batch = next(batches)
        mixed = built.mixing.apply(batch, 0)
        again = built.mixing.apply(batch, 0)
        other = built.mixing.apply(batch, 1)
    (labels,) = mixed.labels.values()
    np.testing.assert_allclose(labels.sum(axis=1), 1, rtol=1e-6)
    assert labels.shape == (8, 2) and ((labels > 0) & (labels < 1)).any()
    np.testing.assert_array_equal(labels, again.labels["softmax_label"])
    assert not np.array_equal(mixed.inputs["data"], other.inputs["data"])
    assert built.mixing.types(8)["softmax_label"].shape == (8, 2)


@pytest.mark.parametrize("mix", ["[{mixup: {per: sample}}]", "[{cutmix: {per: batch}}]"])
def test_what_is_drawn_depends_on_the_place_in_the_epoch(config, mix):
    built = build(*load_config(config(mix), []))
    with built.train.it.epoch(0) as batches:
        batch = next(batches)
        first, later = (built.mixing.apply(replace(batch, first=k), 0) for k in (0, 8))
    assert not np.array_equal(first.inputs["data"], later.inputs["data"])


def test_the_same_mixer_twice_draws_twice(config, monkeypatch):
    seen = []
    monkeypatch.setattr("mxtrain.train.mixing.draw_words", lambda *args: seen.append(draw_words(*args)) or seen[-1])
    built = build(*load_config(config("[mixup, mixup]"), []))
    with built.train.it.epoch(0) as batches:
        built.mixing.apply(next(batches), 0)
    assert len(seen) == 2 and not np.array_equal(*seen)


def test_a_run_trains_with_it(config, tmp_path):
    outcome = start_run(config("[mixup]"), [], tmp_path / "runs", ["test"])
    assert np.isfinite(outcome.values["train.loss"]) and 0 <= outcome.values["train.accuracy"] <= 1


def test_it_needs_classes(config):
    with pytest.raises(ConfigError, match=r"mix: needs images with one class label each"):
        build(*load_config(config("[mixup]", width=1, head="linear_regression_output"), []))
