"""The coarse-to-fine generator of Wang et al. 2018 (pix2pixHD, section 3.2): a global network and a local enhancer.

The global network G1 lays out the picture at half the size; the enhancer G2 adds what only the full size can show. What
G1 knows just before its last layers is added to what the front of G2 sees, and the rest of G2 works on the sum.
"""

from torch import Tensor, nn
from torch.nn.functional import avg_pool2d

from labkit.errors import UserError
from labkit.nn.patch import normalisation
from labkit.nn.resnet import ResidualBlock, ResNetTranslator, check_sides

LOCAL_BLOCKS = 3
"""Residual blocks of the enhancer; the global network has the many."""


def halved(x: Tensor) -> Tensor:
    """(B, C, H, W) → (B, C, ⌈H / 2⌉, ⌈W / 2⌉): means of 3×3 pixels, and of those that there are at the border.

    Of one-hot planes it makes shares of a class, which still add up to 1.
    """
    return avg_pool2d(x, 3, 2, 1, count_include_pad=False)


class LocalEnhancer(nn.Module):
    """c7s1-32, d64, plus the global network's features; residual blocks, u32, c7s1-3.

    Args:
        inputs: channels of the condition.
        outputs: channels of the image.
        width: of the global network's first map (ngf), even; the enhancer's first map has half of it.
        blocks: of the global network.
        downs: halvings in the global network; the enhancer adds one of its own.
        norm: see `labkit.nn.patch.NORMS`.
        frozen: see `freeze`.

    Raises:
        UserError: an odd width, an unknown norm.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        width: int = 64,
        blocks: int = 9,
        downs: int = 4,
        norm: str = "instance",
        frozen: bool = False,
    ):
        super().__init__()
        if width % 2:
            raise UserError(f"the enhancer has half the global network's width, which {width} can't be halved to")
        make, bias, half = normalisation(norm), norm != "batch", width // 2
        self.halvings = downs + 1
        # Without the layers that would draw the half-size picture: nothing asks them, so nothing would train them.
        self.coarse = ResNetTranslator(inputs, outputs, width, blocks, downs, norm).body
        self.front = nn.Sequential(
            nn.ReflectionPad2d(3),
            nn.Conv2d(inputs, half, 7, bias=bias),
            make(half),
            nn.ReLU(),
            nn.Conv2d(half, width, 3, 2, 1, bias=bias),
            make(width),
            nn.ReLU(),
        )
        self.back = nn.Sequential(
            *(ResidualBlock(width, norm) for _ in range(LOCAL_BLOCKS)),
            nn.ConvTranspose2d(width, half, 3, 2, 1, output_padding=1, bias=bias),
            make(half),
            nn.ReLU(),
            nn.ReflectionPad2d(3),
            nn.Conv2d(half, outputs, 7),
            nn.Tanh(),
        )
        self.freeze(frozen)

    def freeze(self, frozen: bool = True) -> None:
        """Leave the global network as it is, or let it learn again.

        Frozen, its parameters ask for no gradient, so that they belong to no player, and it stays in eval mode: the
        running statistics of a batch norm would move without any optimizer. Say it before the training, not during.
        """
        self.frozen = frozen
        self.coarse.requires_grad_(not frozen)
        self.train(self.training)

    def train(self, mode: bool = True) -> "LocalEnhancer":
        """As every module; a frozen global network stays in eval mode."""
        super().train(mode)
        if self.frozen:
            self.coarse.eval()
        return self

    def forward(self, x: Tensor) -> Tensor:
        """(B, inputs, H, W), H and W divisible by 2^(downs + 1), → (B, outputs, H, W) in [−1, 1].

        Raises:
            UserError: another size.
        """
        check_sides(x.shape[-2:], self.halvings)
        return self.back(self.front(x) + self.coarse(halved(x)))
