"""How unlike the images of a batch are, told to D."""

from torch import Tensor


def minibatch_deviation(x: Tensor, group: int) -> Tensor:
    """One map (B, 1, H, W) that says how unlike the images of a group are: a collapsed G gives itself away.

    The deviation over the group, averaged over channels and places (Karras et al. 2018, section 3). Groups are of every
    (B / group)-th image; a batch that can't be parted is one group.
    """
    batch, *_, height, width = x.shape
    group = group if batch % group == 0 else batch
    y = x.float().reshape(group, -1, *x.shape[1:])
    deviation = (y.var(0, unbiased=False) + 1e-8).sqrt().mean((1, 2, 3))
    return deviation.to(x.dtype).repeat(group)[:, None, None, None].expand(-1, 1, height, width)
