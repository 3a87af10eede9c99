"""Nets of configs/nets in plain PyTorch, written from the papers, to compare results with.

    torch-env/bin/python torch_zoo.py NET IN.npz OUT.npz      (without arguments: the names of the nets)

IN holds ``data``, the arrays of parameters and statistics in order (``p0``, ``p1``..., ``s0``...) and their names; a
name tells the role (``_weight``, ``_gamma``...), which must agree with PyTorch's, as must the shape. OUT gets
``logits``.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

Net = Callable[[], nn.Module]


def conv(a: int, b: int, kernel: int = 1, stride: int = 1, pad: int | None = None, **more: object) -> nn.Conv2d:
    return nn.Conv2d(a, b, kernel, stride, kernel // 2 if pad is None else pad, **more)  # type: ignore[arg-type]


def relu() -> nn.ReLU:
    """In place, as torchvision's nets have it: its backward reads its output."""
    return nn.ReLU(inplace=True)


def conv_relu(a: int, b: int, kernel: int = 1, stride: int = 1, pad: int | None = None) -> nn.Sequential:
    return nn.Sequential(conv(a, b, kernel, stride, pad), relu())


def conv_norm(a: int, b: int, kernel: int = 1, stride: int = 1, groups: int = 1, eps: float = 1e-5) -> nn.Sequential:
    return nn.Sequential(conv(a, b, kernel, stride, bias=False, groups=groups), nn.BatchNorm2d(b, eps))


class Residual(nn.Module):
    """x + body(x), or projected x, and what comes after."""

    def __init__(self, body: nn.Module, project: nn.Module | None = None, after: nn.Module | None = None) -> None:
        super().__init__()
        self.body, self.project, self.after = body, project or nn.Identity(), after or nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        return self.after(self.body(x) + self.project(x))


class Joined(nn.Module):
    """Branches over one input, their channels joined."""

    def __init__(self, *branches: nn.Module) -> None:
        super().__init__()
        self.branches = nn.ModuleList(branches)

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([branch(x) for branch in self.branches], 1)


def head(width: int, dropout: float = 0.0) -> list[nn.Module]:
    drop = [nn.Dropout(dropout)] if dropout else []
    return [nn.AdaptiveAvgPool2d(1), nn.Flatten(), *drop, nn.Linear(width, 1000)]


def mlp() -> nn.Module:
    return nn.Sequential(nn.Flatten(), nn.Linear(784, 128), relu(), nn.Linear(128, 64), relu(), nn.Linear(64, 10))


def lenet() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(1, 20, 5), nn.Tanh(), nn.MaxPool2d(2), nn.Conv2d(20, 50, 5), nn.Tanh(), nn.MaxPool2d(2), nn.Flatten(),
        nn.Linear(800, 500), nn.Tanh(), nn.Linear(500, 10),
    )  # fmt: skip


def resnet_cifar() -> nn.Module:
    layers: list[nn.Module] = [conv_norm(3, 16, 3), relu()]
    before = 16
    for width in (16, 32, 64):
        for i in range(3):
            stride = 2 if i == 0 and width > 16 else 1
            body = nn.Sequential(conv_norm(before, width, 3, stride), relu(), conv_norm(width, width, 3))
            layers.append(Residual(body, conv_norm(before, width, 1, stride) if stride > 1 else None, relu()))
            before = width
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 10))


def alexnet() -> nn.Module:
    pool = nn.MaxPool2d(3, 2)
    return nn.Sequential(
        conv_relu(3, 64, 11, 4, 2), pool, conv_relu(64, 192, 5), pool, conv_relu(192, 384, 3), conv_relu(384, 256, 3),
        conv_relu(256, 256, 3), pool, nn.Flatten(), nn.Dropout(), nn.Linear(9216, 4096), relu(), nn.Dropout(),
        nn.Linear(4096, 4096), relu(), nn.Linear(4096, 1000),
    )  # fmt: skip


def vgg() -> nn.Module:
    layers: list[nn.Module] = []
    before = 3
    for count, width in ((2, 64), (2, 128), (3, 256), (3, 512), (3, 512)):
        layers += [conv_relu(before if i == 0 else width, width, 3) for i in range(count)]
        layers.append(nn.MaxPool2d(2))
        before = width
    for inputs in (25088, 4096):
        layers += [nn.Flatten(), nn.Linear(inputs, 4096), relu(), nn.Dropout()]
    return nn.Sequential(*layers, nn.Linear(4096, 1000))


def googlenet() -> nn.Module:
    def inception(before: int, widths: str) -> nn.Module:
        a, b0, b1, c0, c1, d = map(int, widths.split())
        return Joined(
            conv_relu(before, a),
            nn.Sequential(conv_relu(before, b0), conv_relu(b0, b1, 3)),
            nn.Sequential(conv_relu(before, c0), conv_relu(c0, c1, 5)),
            nn.Sequential(nn.MaxPool2d(3, 1, 1), conv_relu(before, d)),
        )

    shrink = nn.MaxPool2d(3, 2, ceil_mode=True)
    return nn.Sequential(
        conv_relu(3, 64, 7, 2), shrink, conv_relu(64, 64), conv_relu(64, 192, 3), shrink,
        inception(192, "64 96 128 16 32 32"), inception(256, "128 128 192 32 96 64"), shrink,
        inception(480, "192 96 208 16 48 64"), inception(512, "160 112 224 24 64 64"),
        inception(512, "128 128 256 24 64 64"), inception(512, "112 144 288 32 64 64"),
        inception(528, "256 160 320 32 128 128"), shrink, inception(832, "256 160 320 32 128 128"),
        inception(832, "384 192 384 48 128 128"), *head(1024, 0.4),
    )  # fmt: skip


def resnet() -> nn.Module:
    layers: list[nn.Module] = [conv_norm(3, 64, 7, 2), relu(), nn.MaxPool2d(3, 2, 1)]
    before = 64
    for stage, count in enumerate((3, 4, 6, 3)):
        width = 64 * 2**stage
        for i in range(count):
            stride = 2 if i == 0 and stage > 0 else 1
            body = [conv_norm(before, width), relu(), conv_norm(width, width, 3, stride), relu()]
            project = conv_norm(before, 4 * width, 1, stride) if i == 0 else None
            layers.append(Residual(nn.Sequential(*body, conv_norm(width, 4 * width)), project, relu()))
            before = 4 * width
    return nn.Sequential(*layers, *head(before))


def mobilenet_v2() -> nn.Module:
    layers: list[nn.Module] = [conv_norm(3, 32, 3, 2), nn.ReLU6(True)]
    before = 32
    for width, count, first, expand in (
        (16, 1, 1, 1), (24, 2, 2, 6), (32, 3, 2, 6), (64, 4, 2, 6), (96, 3, 1, 6), (160, 3, 2, 6), (320, 1, 1, 6),
    ):  # fmt: skip
        for i in range(count):
            inner, stride = before * expand, first if i == 0 else 1
            body: list[nn.Module] = [conv_norm(before, inner), nn.ReLU6(True)] if expand > 1 else []
            body += [conv_norm(inner, inner, 3, stride, inner), nn.ReLU6(True), conv_norm(inner, width)]
            unit = nn.Sequential(*body)
            layers.append(Residual(unit) if i > 0 else unit)
            before = width
    return nn.Sequential(*layers, conv_norm(before, 1280), nn.ReLU6(True), *head(1280, 0.2))


def densenet() -> nn.Module:
    def norm_conv(a: int, b: int, kernel: int = 1) -> nn.Sequential:
        return nn.Sequential(nn.BatchNorm2d(a), relu(), conv(a, b, kernel, bias=False))

    layers: list[nn.Module] = [conv_norm(3, 64, 7, 2), relu(), nn.MaxPool2d(3, 2, 1)]
    width = 64
    for stage, count in enumerate((6, 12, 24, 16)):
        if stage > 0:
            layers += [norm_conv(width, width // 2), nn.AvgPool2d(2)]
            width //= 2
        for _ in range(count):
            layers.append(Joined(nn.Identity(), nn.Sequential(norm_conv(width, 128), norm_conv(128, 32, 3))))
            width += 32
    return nn.Sequential(*layers, nn.BatchNorm2d(width), relu(), *head(width))


class Attention(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.qkv, self.project = nn.Linear(width, 3 * width), nn.Linear(width, width)

    def forward(self, x: Tensor) -> Tensor:
        n, tokens, width = x.shape
        q, k, v = self.qkv(x).reshape(n, tokens, 3, width // 64, 64).permute(2, 0, 3, 1, 4)
        mixed = F.scaled_dot_product_attention(q, k, v)
        return self.project(mixed.transpose(1, 2).reshape(n, tokens, width))


class Learned(nn.Module):
    def __init__(self, *shape: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(shape))


class Transformer(nn.Module):
    def __init__(self, width: int, depth: int) -> None:
        super().__init__()
        self.patch = nn.Conv2d(3, width, 16, 16)
        self.token, self.place = Learned(1, 1, width), Learned(1, 197, width)
        units = []
        for _ in range(depth):
            mlp = [nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width)]
            units.append(Residual(nn.Sequential(nn.LayerNorm(width, 1e-6), Attention(width))))
            units.append(Residual(nn.Sequential(nn.LayerNorm(width, 1e-6), *mlp)))
        self.units, self.norm, self.fc = nn.Sequential(*units), nn.LayerNorm(width, 1e-6), nn.Linear(width, 1000)

    def forward(self, x: Tensor) -> Tensor:
        x = self.patch(x).flatten(2).transpose(1, 2)
        x = torch.cat([self.token.weight.expand(len(x), -1, -1), x], 1) + self.place.weight
        return self.fc(self.norm(self.units(x))[:, 0])


class Gated(nn.Module):
    """Squeeze and excitation."""

    def __init__(self, width: int, inner: int, act: type[nn.Module], gate: type[nn.Module]) -> None:
        super().__init__()
        self.factor = nn.Sequential(nn.AdaptiveAvgPool2d(1), conv(width, inner), act(), conv(inner, width), gate())

    def forward(self, x: Tensor) -> Tensor:
        return x * self.factor(x)


def efficientnet() -> nn.Module:
    layers: list[nn.Module] = [conv_norm(3, 32, 3, 2), nn.SiLU()]
    before = 32
    for width, count, kernel, first, expand in (
        (16, 1, 3, 1, 1), (24, 2, 3, 2, 6), (40, 2, 5, 2, 6), (80, 3, 3, 2, 6), (112, 3, 5, 1, 6), (192, 4, 5, 2, 6),
        (320, 1, 3, 1, 6),
    ):  # fmt: skip
        for i in range(count):
            inner, stride = before * expand, first if i == 0 else 1
            body: list[nn.Module] = [conv_norm(before, inner), nn.SiLU()] if expand > 1 else []
            body += [conv_norm(inner, inner, kernel, stride, inner), nn.SiLU()]
            body += [Gated(inner, before // 4, nn.SiLU, nn.Sigmoid), conv_norm(inner, width)]
            unit = nn.Sequential(*body)
            layers.append(Residual(unit) if i > 0 else unit)
            before = width
    return nn.Sequential(*layers, conv_norm(before, 1280), nn.SiLU(), *head(1280))


def mobilenet_v3() -> nn.Module:
    layers: list[nn.Module] = [conv_norm(3, 16, 3, 2, eps=1e-3), nn.Hardswish()]
    before = 16
    for kernel, inner, width, gate, hard, stride in (
        (3, 16, 16, 1, 0, 2), (3, 72, 24, 0, 0, 2), (3, 88, 24, 0, 0, 1), (5, 96, 40, 1, 1, 2), (5, 240, 40, 1, 1, 1),
        (5, 240, 40, 1, 1, 1), (5, 120, 48, 1, 1, 1), (5, 144, 48, 1, 1, 1), (5, 288, 96, 1, 1, 2),
        (5, 576, 96, 1, 1, 1), (5, 576, 96, 1, 1, 1),
    ):  # fmt: skip
        act = nn.Hardswish if hard else nn.ReLU
        body: list[nn.Module] = [conv_norm(before, inner, eps=1e-3), act()] if inner != before else []
        body += [conv_norm(inner, inner, kernel, stride, inner, 1e-3), act()]
        if gate:
            quarter = {16: 8, 72: 24, 96: 24, 240: 64, 120: 32, 144: 40, 288: 72, 576: 144}[inner]
            body.append(Gated(inner, quarter, nn.ReLU, nn.Hardsigmoid))
        unit = nn.Sequential(*body, conv_norm(inner, width, eps=1e-3))
        layers.append(Residual(unit) if stride == 1 and before == width else unit)
        before = width
    layers += [conv_norm(96, 576, eps=1e-3), nn.Hardswish(), nn.AdaptiveAvgPool2d(1), nn.Flatten()]
    return nn.Sequential(*layers, nn.Linear(576, 1024), nn.Hardswish(), nn.Linear(1024, 1000))


class Shuffled(nn.Module):
    """One half passes, or shrinks, the other goes through three convolutions; then the channels of both alternate."""

    def __init__(self, before: int, half: int, shrink: bool) -> None:
        super().__init__()
        self.shrink, start, stride = shrink, before if shrink else half, 2 if shrink else 1
        if shrink:
            self.side = nn.Sequential(conv_norm(start, start, 3, 2, start), conv_norm(start, half), relu())
        three = [conv_norm(start, half), relu(), conv_norm(half, half, 3, stride, half), conv_norm(half, half)]
        self.main = nn.Sequential(*three, relu())

    def forward(self, x: Tensor) -> Tensor:
        left, right = (x, x) if self.shrink else x.chunk(2, 1)
        return torch.stack([self.side(left) if self.shrink else left, self.main(right)], 2).flatten(1, 2)


def shufflenet() -> nn.Module:
    layers: list[nn.Module] = [conv_norm(3, 24, 3, 2), relu(), nn.MaxPool2d(3, 2, 1)]
    before = 24
    for width, count in ((116, 4), (232, 8), (464, 4)):
        layers += [Shuffled(before, width // 2, i == 0) for i in range(count)]
        before = width
    return nn.Sequential(*layers, conv_norm(before, 1024), relu(), *head(1024))


class ChannelNorm(nn.LayerNorm):
    """Over the channels of an image."""

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


class Scaled(Learned):
    def forward(self, x: Tensor) -> Tensor:
        return x * self.weight


def convnext() -> nn.Module:
    layers: list[nn.Module] = [conv(3, 96, 4, 4, 0), ChannelNorm(96, 1e-6)]
    before = 96
    for count, width in ((3, 96), (3, 192), (9, 384), (3, 768)):
        if width != before:
            layers += [ChannelNorm(before, 1e-6), conv(before, width, 2, 2, 0)]
        for _ in range(count):
            wide = [conv(width, 4 * width), nn.GELU(), conv(4 * width, width), Scaled(width, 1, 1)]
            layers.append(Residual(nn.Sequential(conv(width, width, 7, groups=width), ChannelNorm(width, 1e-6), *wide)))
        before = width
    layers += [nn.AdaptiveAvgPool2d(1), ChannelNorm(768, 1e-6), nn.Flatten(), nn.Linear(768, 1000)]
    return nn.Sequential(*layers)


NETS: dict[str, Net] = {
    "mlp": mlp, "lenet": lenet, "resnet-cifar": resnet_cifar, "alexnet": alexnet, "vgg": vgg, "googlenet": googlenet,
    "resnet": resnet, "mobilenet-v2": mobilenet_v2,
    "densenet": densenet, "vit": lambda: Transformer(192, 12), "mobilenet-v3": mobilenet_v3,
    "efficientnet-b0": efficientnet, "shufflenet-v2": shufflenet, "convnext-tiny": convnext,
}  # fmt: skip

ROLES = {"weight": ("weight", "gamma", "rhs"), "bias": ("bias", "beta")}
ROLES |= {"running_mean": ("moving_mean",), "running_var": ("moving_var",)}


def fill(found: Sequence[tuple[str, Tensor]], names: Sequence[str], arrays: Sequence[np.ndarray]) -> None:
    """Copy arrays in, in order; a role or shape that differs ends the program."""
    if len(found) != len(names):
        sys.exit(f"{len(found)} arrays here, {len(names)} there")
    for (mine, target), other, array in zip(found, names, arrays, strict=True):
        if not other.endswith(ROLES[mine.rpartition(".")[2]]) or tuple(target.shape) != array.shape:
            sys.exit(f"{mine} {tuple(target.shape)} is not {other} {array.shape}")
        target.copy_(torch.from_numpy(array))


@torch.no_grad()
def main(net: str, source: str, target: str) -> None:
    torch.set_num_threads(2)
    model, given = NETS[net]().eval(), np.load(source)
    for letter, found in (("p", model.named_parameters()), ("s", model.named_buffers())):
        names = given[f"names_{letter}"].tolist()
        wanted = [(name, value) for name, value in found if not name.endswith("num_batches_tracked")]
        fill(wanted, names, [given[f"{letter}{i}"] for i in range(len(names))])
    np.savez(target, logits=model(torch.from_numpy(given["data"])).numpy())


if __name__ == "__main__":
    main(*sys.argv[1:]) if len(sys.argv) > 1 else print(*NETS)
