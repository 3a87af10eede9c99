"""The nets under configs/nets: published numbers of parameters, shapes, and how long their files are."""

from __future__ import annotations

import math
import pathlib

import pytest

from mxtrain.config.load import load
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


IMAGENET, LARGE, CIFAR, GRAY = (3, 224, 224), (3, 299, 299), (3, 32, 32), (1, 28, 28)
SIZES = {
    "mlp": GRAY, "lenet": GRAY, "conv2bn": GRAY, "digits": (1, 8, 8), "resnet-cifar": CIFAR, "wide-resnet": CIFAR,
    "inception-v3": LARGE, "inception-v4": LARGE, "inception-resnet-v2": LARGE, "overfeat": (3, 231, 231),
}  # fmt: skip
"""What a net is made for, where that is not 224 x 224."""

# Where nothing else is said: torchvision 0.15's table of its models (num_params).
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
    ("{file: resnet, version: 1}", IMAGENET, 1000, 25_557_032),
    # timm: resnetv2_50; the others have the same norms fewer and more.
    ("{file: resnet-v2}", IMAGENET, 1000, 25_549_352),
    ("{file: resnet-v2, depth: 101}", IMAGENET, 1000, 44_549_160 - 7_680),
    ("{file: resnet-v2, depth: 152}", IMAGENET, 1000, 60_192_808 - 7_680),
    ("{file: resnet-v2, depth: 18}", IMAGENET, 1000, 11_689_512 - 1_792),
    ("{file: resnet-v2, depth: 34}", IMAGENET, 1000, 21_797_672 - 1_792),
    ("{file: resnext}", IMAGENET, 1000, 25_028_904),
    ("{file: resnext, depth: 101}", IMAGENET, 1000, 44_177_704),  # timm: resnext101_32x4d
    ("{file: resnext, depth: 101, width: 8}", IMAGENET, 1000, 88_791_336),
    ("{file: se-resnet}", IMAGENET, 1000, 28_088_024),  # timm: seresnet50
    # The paper: 36.5 and 8.9 million.
    ("{file: wide-resnet}", CIFAR, 10, 36_479_194),
    ("{file: wide-resnet, depth: 40, width: 4}", CIFAR, 10, 8_949_210),
    ("{file: densenet}", IMAGENET, 1000, 7_978_856),
    ("{file: densenet, depth: 161, growth: 48, width: 96}", IMAGENET, 1000, 28_681_000),
    ("{file: densenet, depth: 169}", IMAGENET, 1000, 14_149_480),
    ("{file: densenet, depth: 201}", IMAGENET, 1000, 20_013_928),
    # The paper, table 4: 145 million.
    ("{file: overfeat}", (3, 231, 231), 1000, 145_920_872),
    ("{file: inception-bn}", IMAGENET, 1000, 11_295_240),  # pretrained-models.pytorch: bninception
    ("{file: inception-v3}", LARGE, 1000, 27_161_264 - 3_326_696),  # without the auxiliary head
    ("{file: inception-v4}", LARGE, 1000, 42_679_816),  # timm
    ("{file: inception-resnet-v2}", LARGE, 1000, 55_843_464),  # timm
    # The paper, table 7: 4.2, 2.6, 1.3 and 0.5 million; Keras: what it trains.
    ("{file: mobilenet-v1}", IMAGENET, 1000, 4_231_976),
    ("{file: mobilenet-v1, width: 0.75}", IMAGENET, 1000, 2_585_560),
    ("{file: mobilenet-v1, width: 0.5}", IMAGENET, 1000, 1_331_592),
    ("{file: mobilenet-v1, width: 0.25}", IMAGENET, 1000, 470_072),
    ("{file: mobilenet-v2}", IMAGENET, 1000, 3_504_872),
    ("{file: mobilenet-v2, width: 1.4}", IMAGENET, 1000, 6_108_776),  # Keras: 6,156,712 less 47,936 statistics
    ("{file: mobilenet-v2, width: 0.35}", IMAGENET, 1000, 1_677_128),
    ("{file: mobilenet-v3}", IMAGENET, 1000, 5_483_032),
    ("{file: mobilenet-v3, size: small}", IMAGENET, 1000, 2_542_856),
    ("{file: squeezenet, version: 1.0}", IMAGENET, 1000, 1_248_424),
    ("{file: squeezenet}", IMAGENET, 1000, 1_235_496),
    ("{file: shufflenet-v2, width: 0.5}", IMAGENET, 1000, 1_366_792),
    ("{file: shufflenet-v2}", IMAGENET, 1000, 2_278_604),
    ("{file: shufflenet-v2, width: 1.5}", IMAGENET, 1000, 3_503_624),
    ("{file: shufflenet-v2, width: 2}", IMAGENET, 1000, 7_393_996),
    ("{file: efficientnet-b0}", IMAGENET, 1000, 5_288_548),
    ("{file: vit}", IMAGENET, 1000, 5_717_416),  # timm: vit_tiny_patch16_224
    ("{file: vit, size: small}", IMAGENET, 1000, 22_050_664),  # timm: vit_small_patch16_224
    ("{file: vit, size: base}", IMAGENET, 1000, 86_567_656),
    ("{file: convnext-tiny}", IMAGENET, 1000, 28_589_128),
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


FILES = sorted(path.stem for path in (pathlib.Path(__file__).parents[2] / "configs" / "nets").glob("*.yaml"))


@pytest.mark.parametrize("name", FILES)
def test_every_net_takes_a_number_of_classes(net, name):
    g = check_shapes(net(f"{{file: {name}, classes: 7}}"), {"data": (1, *SIZES.get(name, IMAGENET))})
    assert g.outputs[0].type.shape == (1, 7)


@pytest.mark.parametrize("name", FILES)
def test_the_language_is_short(request, name):
    text = (request.path.parents[2] / "configs" / "nets" / f"{name}.yaml").read_text().splitlines()
    assert len(text) <= (40 if "resnet" in name and "inception" not in name else 50) and max(map(len, text)) <= 120


def test_every_net_is_counted():
    assert {p[0].strip("{}").split(",")[0].removeprefix("file: ") for p in PUBLISHED} == set(FILES)


def test_the_stride_of_a_unit_is_where_its_version_has_it(net):
    def strides(text, unit):
        found = {n.name: n.params.stride for n in net(text).nodes if n.op is not None and n.op.name == "convolution"}
        return [found[f"{unit}_{name}_convolution0"] for name in ("conv0", "relu_conv0_conv0")]

    assert strides("{file: resnet}", "stage1_unit0") == [(1, 1), (2, 2)]
    assert strides("{file: resnet, version: 1}", "stage1_unit0") == [(2, 2), (1, 1)]


def test_a_transformer_takes_images_of_another_size(net):
    s = net("{file: vit, image: 64, patch: 8, depth: 2, classes: 5}")
    g = check_shapes(s, {"data": (2, 3, 64, 64)})
    assert g.variables["place_rhs"].types[0].shape == (1, 65, 192) and g.outputs[0].type.shape == (2, 5)


def test_what_a_transformer_learns_beside_its_layers_has_an_initialiser(net):
    attrs = net("{file: vit}").attr_dict()
    assert attrs["token_class_rhs"]["__init__"] == attrs["place_rhs"]["__init__"] == '["normal", {"sigma": 0.02}]'
    attrs = net("{file: convnext-tiny}").attr_dict()
    assert attrs["stage0_unit0_scale_rhs"]["__init__"] == '["constant", {"value": 1e-06}]'


def test_a_depth_that_there_is_not(problems):
    (found,) = problems("{file: resnet, depth: 19}")
    assert found.endswith("units has no entry '19'; there are: 18, 34, 50, 101, 152")


def test_layers_have_readable_names(net):
    names = [n.name for n in net("{file: resnet}").nodes if n.op is not None]
    assert "stage3_unit2_relu_conv1_conv0_convolution0" in names and len(names) == len(set(names))


@pytest.mark.parametrize("name", FILES)
def test_a_net_says_what_it_is_made_for(request, name):
    tree = load(request.path.parents[2] / "configs" / "nets" / f"{name}.yaml")
    assert tuple(tree.data.get("input_shape", IMAGENET)) == SIZES.get(name, IMAGENET)
