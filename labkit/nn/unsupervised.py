"""Directions in latent space that nobody labelled."""

import torch
from torch import Tensor


def principal_directions(latent: Tensor) -> tuple[Tensor, Tensor]:
    """Principal components of latents (Härkönen et al. 2020, GANSpace, section 2.1: in W of StyleGAN).

    Args:
        latent: w, (N, D) with N > D.

    Returns:
        Directions (D, D), one a row, of length 1, the widest first; and the standard deviation along each, (D,).
    """
    centred = latent.double() - latent.double().mean(0)
    values, axes = torch.linalg.eigh(centred.T @ centred / len(latent))
    order = values.argsort(descending=True)
    return axes.T[order].to(latent.dtype), values[order].clamp(min=0).sqrt().to(latent.dtype)


def sefa(weight: Tensor) -> tuple[Tensor, Tensor]:
    """Directions that change what styles become the most (Shen & Zhou 2021, SeFa, equation 7), from weights alone.

    A style enters a layer as A w + b. ‖A n‖² is largest for the first eigenvector n of AᵀA.

    Args:
        weight: A, (outputs, D); of several layers one below the other.

    Returns:
        Directions (D, D), one a row, of length 1, the strongest first; and ‖A n‖ of each, (D,).
    """
    a = weight.detach().double()
    a = a / a.norm(dim=1, keepdim=True).clamp(min=1e-12)  # the paper's code: every row counts alike
    values, axes = torch.linalg.eigh(a.T @ a)
    order = values.argsort(descending=True)
    return axes.T[order].to(weight.dtype), values[order].clamp(min=0).sqrt().to(weight.dtype)
