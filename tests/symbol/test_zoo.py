"""The nets under configs/nets: published numbers of parameters, shapes, and how long their files are."""

from __future__ import annotations

import math

import pytest

from mxtrain.symbol.build import check_heads, check_shapes

INCEPTION = [
    (192, 64, 96, 128, 16, 32, 32), (256, 128, 128, 192, 32, 96, 64), (480, 192, 96, 208, 16, 48, 64),
    (512, 160, 112, 224, 24, 64, 64), (512, 128, 128, 256, 24, 64, 64), (512, 112, 144, 288, 32, 64, 64),
    (528, 256, 160, 320, 32, 128, 128), (832, 256, 160, 320, 32, 128, 128), (832, 384, 192, 384, 48, 128, 128),
]  # fmt: skip
"""Table 1 of the paper: channels in, 1x1, 3x3 reduce, 3x3, 5x5 reduce, 5x5, after pooling."""


def conv(channels, filters, kernel):
    return channels * filters * kernel**2 + filters


def googlenet():
    total = conv(3, 64, 7) + conv(64, 64, 1) + conv(64, 192, 3) + 1024 * 1000 + 1000
    for c, one, reduce3, three, reduce5, five, after in INCEPTION:
        total += conv(c, one, 1) + conv(c, reduce3, 1) + conv(reduce3, three, 3) + conv(c, reduce5, 1)
        total += conv(reduce5, five, 5) + conv(c, after, 1)
    return total


IMAGENET, CIFAR, GRAY = (3, 224, 224), (3, 32, 32), (1, 28, 28)
PUBLISHED = [
    ("{file: mlp}", GRAY, 10, 109_386),
    ("{file: lenet}", GRAY, 10, 431_080),
    ("{file: digits}", (1, 8, 8), 10, 29_162),
    ("{file: conv2bn}", GRAY, 10, 1_683_402),
    ("{file: alexnet}", IMAGENET, 1000, 61_100_840),
    ("{file: googlenet}", IMAGENET, 1000, googlenet()),
    ("{file: vgg, depth: 11}", IMAGENET, 1000, 132_863_336),
    ("{file: vgg, depth: 13}", IMAGENET, 1000, 133_047_848),
    ("{file: vgg}", IMAGENET, 1000, 138_357_544),
    ("{file: vgg, norm: true}", IMAGENET, 1000, 138_365_992),
    ("{file: vgg, depth: 19}", IMAGENET, 1000, 143_667_240),
    ("{file: resnet, depth: 18}", IMAGENET, 1000, 11_689_512),
    ("{file: resnet, depth: 34}", IMAGENET, 1000, 21_797_672),
    ("{file: resnet}", IMAGENET, 1000, 25_557_032),
    ("{file: resnet, depth: 101}", IMAGENET, 1000, 44_549_160),
    ("{file: resnet, depth: 152}", IMAGENET, 1000, 60_192_808),
    # With projections (option B of the paper); option A, zeros for the new channels, has 2,752 fewer at each depth.
    ("{file: resnet-cifar}", CIFAR, 10, 269_722 + 2_752),
    ("{file: resnet-cifar, depth: 56}", CIFAR, 10, 853_018 + 2_752),
    ("{file: resnet-cifar, depth: 110}", CIFAR, 10, 1_727_962 + 2_752),
]


@pytest.mark.parametrize(("text", "shape", "classes", "count"), PUBLISHED, ids=[p[0] for p in PUBLISHED])
def test_parameters_and_shapes(net, text, shape, classes, count):
    s = net(text)
    check_heads(s)
    g = check_shapes(s, {"data": (2, *shape)})
    parameters = [n.types[0].shape for n in g.nodes if n.op is None and n.kind == "parameter"]
    assert sum(map(math.prod, parameters)) == count
    assert s.list_outputs() == ["softmax_output"] and g.outputs[0].type.shape == (2, classes)
    assert g.variables["softmax_label"].types[0].shape == (2,)


def test_googlenet_is_counted_from_its_table():
    assert googlenet() == 6_998_552


@pytest.mark.parametrize(
    "path", ["mlp", "lenet", "digits", "conv2bn", "alexnet", "googlenet", "vgg", "resnet", "resnet-cifar"]
)
def test_every_net_takes_a_number_of_classes(net, path):
    shape = {"digits": (1, 8, 8), "resnet-cifar": CIFAR}.get(path, IMAGENET if path in ("alexnet", "vgg") else GRAY)
    shape = IMAGENET if path in ("googlenet", "resnet") else shape
    g = check_shapes(net(f"{{file: {path}, classes: 7}}"), {"data": (1, *shape)})
    assert g.outputs[0].type.shape == (1, 7)


@pytest.mark.parametrize(("path", "lines"), [("googlenet", 50), ("resnet", 40), ("resnet-cifar", 40)])
def test_the_language_is_short(request, path, lines):
    text = (request.path.parents[2] / "configs" / "nets" / f"{path}.yaml").read_text().splitlines()
    assert len(text) <= lines and max(map(len, text)) <= 120


def test_a_depth_that_there_is_not(problems):
    (found,) = problems("{file: resnet, depth: 19}")
    assert found.endswith("units has no entry '19'; there are: 18, 34, 50, 101, 152")


def test_layers_have_readable_names(net):
    names = [n.name for n in net("{file: resnet}").nodes if n.op is not None]
    assert "stage3_unit2_relu_conv1_conv0_convolution0" in names and len(names) == len(set(names))
