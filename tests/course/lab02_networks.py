"""Answers to Lab 02's exercises on networks as students write them: right ones that differ, wrong ones by mistake."""

import torch
import torch.nn.functional as F
from torch import nn

# 02.generator_block


class Block(nn.Module):
    """The same in functions, with a kernel of its own."""

    def __init__(self, inputs, outputs):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(inputs, outputs, 4, 4) * 0.02)
        self.norm = nn.BatchNorm2d(outputs, momentum=0.01)

    def forward(self, x):
        return F.relu(self.norm(F.conv_transpose2d(x, self.weight, stride=2, padding=1)))


class OwnNorm(nn.Module):
    """Batch norm by hand, clamped in place."""

    def __init__(self, inputs, outputs):
        super().__init__()
        self.up = nn.ConvTranspose2d(inputs, outputs, 4, 2, 1, bias=False)
        self.gain, self.shift = nn.Parameter(torch.ones(1, outputs, 1, 1)), nn.Parameter(torch.zeros(1, outputs, 1, 1))
        self.register_buffer("mean", torch.zeros(1, outputs, 1, 1))
        self.register_buffer("var", torch.ones(1, outputs, 1, 1))

    def forward(self, x):
        h = self.up(x)
        mean, var = self.mean, self.var
        if self.training:
            mean, var = h.mean((0, 2, 3), keepdim=True), h.var((0, 2, 3), keepdim=True)
            with torch.no_grad():
                self.mean.lerp_(mean, 0.1)
                self.var.lerp_(var, 0.1)
        return ((h - mean) / (var + 1e-5).sqrt() * self.gain + self.shift).clamp_(min=0)


def up(i, o, **options):
    return nn.ConvTranspose2d(i, o, 4, 2, 1, **{"bias": False, **options})


def block_initialised(in_channels, out_channels):
    block = nn.Sequential(up(in_channels, out_channels), nn.BatchNorm2d(out_channels), nn.ReLU(inplace=True))
    nn.init.normal_(block[0].weight, 0, 0.02)
    nn.init.normal_(block[1].weight, 1, 0.02)
    return block


def block_resized(in_channels, out_channels):
    """Odena et al. 2016: enlarged, then an ordinary convolution; it reaches as far."""
    conv = nn.Conv2d(in_channels, out_channels, 3, padding=1, bias=False)
    return nn.Sequential(nn.Upsample(scale_factor=2), conv, nn.BatchNorm2d(out_channels), nn.ReLU())


def block_lazy(in_channels, out_channels):
    block = nn.Sequential()
    block.append(nn.LazyConvTranspose2d(out_channels, 4, 2, 1, bias=False))
    block.append(nn.BatchNorm2d(out_channels)).append(nn.Threshold(0.0, 0.0))
    block(torch.zeros(2, in_channels, 2, 2))
    return block


SHARED = {}


def block_shared(i, o):
    return SHARED.setdefault((i, o), nn.Sequential(up(i, o), nn.BatchNorm2d(o), nn.ReLU()))


def block_seeded(i, o):
    torch.manual_seed(0)
    return nn.Sequential(up(i, o), nn.BatchNorm2d(o), nn.ReLU())


def block_frozen(i, o):
    return nn.Sequential(up(i, o).requires_grad_(False), nn.BatchNorm2d(o), nn.ReLU())


def block_function(i, o):
    layers = nn.Sequential(up(i, o), nn.BatchNorm2d(o), nn.ReLU())

    def run(x):
        return layers(x)

    return run


def stacked(*make):
    def generator_block(in_channels, out_channels):
        return nn.Sequential(*[one(in_channels, out_channels) for one in make])

    return generator_block


def norm(i, o):
    return nn.BatchNorm2d(o)


def relu(i, o):
    return nn.ReLU()


BLOCK_RIGHT = {
    "functions": lambda in_channels, out_channels: Block(in_channels, out_channels),
    "own norm": lambda in_channels, out_channels: OwnNorm(in_channels, out_channels),
    "initialised, in place": block_initialised,
    "resized": block_resized,
    "lazy": block_lazy,
}
BLOCK_WRONG = {
    "list": lambda i, o: [up(i, o), norm(i, o), nn.ReLU()],
    "not-a-module": block_function,
    "no-weights": stacked(lambda i, o: nn.Upsample(scale_factor=2)),
    "frozen": block_frozen,
    "eval-mode": lambda i, o: stacked(up, norm, relu)(i, o).eval(),
    "channels-swapped": lambda i, o: nn.Sequential(up(o, i), nn.BatchNorm2d(i), nn.ReLU()),
    "channels": lambda i, o: nn.Sequential(up(i, i), nn.BatchNorm2d(i), nn.ReLU()),
    "norm-channels": lambda i, o: nn.Sequential(up(i, o), nn.BatchNorm2d(i), nn.ReLU()),
    "same-size": stacked(lambda i, o: nn.ConvTranspose2d(i, o, 3, 1, 1, bias=False), norm, relu),
    "no-padding": stacked(lambda i, o: nn.ConvTranspose2d(i, o, 4, 2, bias=False), norm, relu),
    "halved": stacked(lambda i, o: nn.Conv2d(i, o, 4, 2, 1, bias=False), norm, relu),
    "fourfold": stacked(lambda i, o: nn.ConvTranspose2d(i, o, 4, 4, bias=False), norm, relu),
    "size": stacked(lambda i, o: nn.ConvTranspose2d(i, o, 3, 2, 1, bias=False), norm, relu),
    "random": stacked(up, norm, relu, lambda i, o: nn.Dropout(0.3)),
    "sigmoid": stacked(up, norm, lambda i, o: nn.Sigmoid()),
    "not-relu": stacked(up, norm, lambda i, o: nn.Softplus()),
    "tanh": stacked(up, norm, lambda i, o: nn.Tanh()),
    "norm-last": stacked(up, relu, norm),
    "no-relu": stacked(up, norm),
    "leaky": stacked(up, norm, lambda i, o: nn.LeakyReLU(0.2)),
    "relu-not-last": stacked(lambda i, o: nn.BatchNorm2d(i), relu, up),
    "no-norm": stacked(up, relu),
    "per-image": stacked(up, lambda i, o: nn.InstanceNorm2d(o, affine=True), relu),
    "norm-first": stacked(lambda i, o: nn.BatchNorm2d(i), up, relu),
    "no-running": stacked(up, lambda i, o: nn.BatchNorm2d(o, track_running_stats=False), relu),
    "uneven": stacked(lambda i, o: nn.ConvTranspose2d(i, o, 3, 2, 1, output_padding=1, bias=False), norm, relu),
    "no-overlap": stacked(lambda i, o: nn.ConvTranspose2d(i, o, 2, 2, bias=False), norm, relu),
    "reach": stacked(lambda i, o: nn.ConvTranspose2d(i, o, 6, 2, 2, bias=False), norm, relu),
    "idle-bias": stacked(lambda i, o: up(i, o, bias=True), norm, relu),
    "no-scale": stacked(up, lambda i, o: nn.BatchNorm2d(o, affine=False), relu),
    "shared": block_shared,
    "seeded": block_seeded,
    "none": lambda i, o: None,
    "signature": lambda channels: None,
}
BLOCK_ALSO_WRONG = [
    ("scale", lambda i, o: nn.Sequential(*stacked(up, norm, relu)(i, o)).apply(init_everything)),
    ("per-image", stacked(up, lambda i, o: nn.GroupNorm(1, o), relu)),
    ("leaky", stacked(up, norm, lambda i, o: nn.SiLU())),
    ("no-scale", stacked(up, lambda i, o: nn.BatchNorm2d(o, affine=False), relu)),
    ("raised", lambda i, o: nn.Sequential(nn.Linear(i, o), nn.BatchNorm2d(o), nn.ReLU())),
]

# 02.initialise


def init_classes(module):
    """As PyTorch's own tutorial does it, by the class's name."""
    name = module.__class__.__name__
    if name.find("Conv") != -1:
        nn.init.normal_(module.weight.data, 0.0, 0.02)
    elif name.find("BatchNorm") != -1:
        nn.init.normal_(module.weight.data, 1.0, 0.02)
        nn.init.constant_(module.bias.data, 0)


@torch.no_grad()
def init_in_place(module):
    if isinstance(module, (nn.Conv2d, nn.ConvTranspose2d)):
        module.weight.copy_(torch.randn_like(module.weight) * 0.02)
    if isinstance(module, nn.modules.batchnorm._BatchNorm):
        module.weight.normal_(1, 0.02)


def init_recursive(module):
    for one in module.modules():
        if isinstance(one, nn.modules.conv._ConvNd):
            one.weight.data = 0.02 * torch.randn(one.weight.shape)
        elif isinstance(one, nn.BatchNorm2d):
            one.weight.data = 1 + 0.02 * torch.randn(one.weight.shape)
            one.bias.data.zero_()
    return module


def init_parameters(module):
    if isinstance(module, (nn.Conv2d, nn.ConvTranspose2d)):
        module.weight = nn.Parameter(torch.empty_like(module.weight).normal_(std=0.02))
    elif isinstance(module, nn.BatchNorm2d):
        module.weight = nn.Parameter(torch.normal(1.0, 0.02, module.weight.shape))


def init(conv=None, scale=None, shift=nn.init.zeros_, kinds=(nn.Conv2d, nn.ConvTranspose2d), seed=None):
    """An answer with other numbers: what to do with a convolution's weight, a norm's scale, a norm's shift."""

    def initialise(module):
        if seed is not None:
            torch.manual_seed(seed)
        if isinstance(module, kinds):
            (conv or (lambda weight: nn.init.normal_(weight, 0, 0.02)))(module.weight)
        elif isinstance(module, nn.BatchNorm2d):
            (scale or (lambda weight: nn.init.normal_(weight, 1, 0.02)))(module.weight)
            shift(module.bias)

    return initialise


def init_everything(module):
    for weight in module.parameters(recurse=False):
        nn.init.normal_(weight, 0, 0.02)


def init_linear_too(module):
    init()(module)
    if isinstance(module, nn.Linear):
        nn.init.normal_(module.weight, 0, 0.02)


def init_new_tensors(module):
    if isinstance(module, (nn.Conv2d, nn.ConvTranspose2d)):
        weight = module.weight
        weight = torch.randn_like(weight) * 0.02
    return module


def init_leaf(module):
    if isinstance(module, (nn.Conv2d, nn.ConvTranspose2d)):
        module.weight.normal_(0, 0.02)


def init_frozen(module):
    if isinstance(module, (nn.Conv2d, nn.ConvTranspose2d)):
        module.weight = nn.Parameter(torch.randn(module.weight.shape) * 0.02, requires_grad=False)


def init_shape(module):
    if isinstance(module, (nn.Conv2d, nn.ConvTranspose2d)):
        module.weight.data = torch.randn(module.in_channels, module.out_channels, 3, 3) * 0.02


def init_asks_nobody(module):
    nn.init.normal_(module.weight, 0, 0.02)


def init_added(module):
    if isinstance(module, (nn.Conv2d, nn.ConvTranspose2d)):
        module.weight.data += 0.02 * torch.randn(module.weight.shape)


INIT_RIGHT = {
    "by names": init_classes,
    "in place, shift left": init_in_place,
    "recursive": init_recursive,
    "parameters": init_parameters,
    "truncated far away": init(conv=lambda w: nn.init.trunc_normal_(w, 0, 0.02)),
}
INIT_WRONG = {
    "nothing": init_new_tensors,
    "transposed-missed": init(kinds=(nn.Conv2d,)),
    "plain-missed": init(kinds=(nn.ConvTranspose2d,)),
    "added": init_added,
    "constant": init(conv=lambda w: nn.init.constant_(w, 0.02)),
    "mean": init(conv=lambda w: nn.init.normal_(w, 1, 0.02)),
    "variance": init(conv=lambda w: nn.init.normal_(w, 0, 0.02**2)),
    "root": init(conv=lambda w: nn.init.normal_(w, 0, 0.02**0.5)),
    "standard": init(conv=lambda w: nn.init.normal_(w)),
    "uniform": init(conv=lambda w: nn.init.uniform_(w, -0.02, 0.02)),
    "std": init(conv=lambda w: nn.init.kaiming_normal_(w)),
    "not-normal": init(conv=lambda w: nn.init.uniform_(w, -0.02 * 3**0.5, 0.02 * 3**0.5)),
    "same-numbers": init(seed=3),
    "norm-missed": init(scale=nn.init.ones_),
    "norm-zero": init(scale=lambda w: nn.init.normal_(w, 0, 0.02)),
    "swapped": init(scale=lambda w: nn.init.normal_(w, 0.02, 1)),
    "norm-spread": init(scale=lambda w: nn.init.normal_(w, 1, 0.02**2)),
    "shift": init(shift=lambda b: nn.init.normal_(b, 0, 0.02)),
    "touches-others": init_linear_too,
    "leaf": init_leaf,
    "frozen": init_frozen,
    "shape": init_shape,
    "asks-nobody": init_asks_nobody,
    "signature": lambda: None,
}
INIT_ALSO_WRONG = [("norm-zero", init_everything), ("std", init(conv=lambda w: nn.init.xavier_uniform_(w)))]
