"""Images -> random views: what must not change what a picture shows.

A part of the image, mirrored or not, in other colours or none. All images of a batch are drawn for at once, each on its
own: a few tensor operations where libraries of augmentations take an image at a time.

References:
    Chen et al. SimCLR. ICML 2020: appendix A; without blur, as there for small pictures (appendix B.9).
"""

import math

import torch

from lightly_ray.embedding.preparation import Preparation

_AREA, _SHAPE = (0.2, 1.0), (3 / 4, 4 / 3)  # of a part: share of the image's area, width by height
_JITTER, _HUE, _JITTERED, _GREY = 0.4, 0.1, 0.8, 0.2  # strengths; shares of the views
# Luma and two axes of colour (NTSC); a turn of these two is a change of hue.
_YIQ = ((0.299, 0.587, 0.114), (0.596, -0.274, -0.322), (0.211, -0.523, 0.312))


def view(images: torch.Tensor, preparation: Preparation, random: torch.Generator) -> torch.Tensor:
    """One random view of each image.

    Args:
        images: (n, P, P, 3) uint8.
        preparation: side and normalisation of the result.
        random: draws; on the device of the images.

    Returns:
        (n, 3, S, S) float32.
    """
    values = images.permute(0, 3, 1, 2).float() / 255
    parts = _parts(values, preparation.side, random)
    coloured = _recoloured(parts, random)
    mean, std = (torch.tensor(of, device=images.device).view(1, 3, 1, 1) for of in (preparation.mean, preparation.std))
    return (coloured - mean) / std


def _parts(values: torch.Tensor, side: int, random: torch.Generator) -> torch.Tensor:
    count, device = len(values), values.device
    area = _uniform(count, _AREA, random)
    shape = torch.exp(_uniform(count, (math.log(_SHAPE[0]), math.log(_SHAPE[1])), random))
    width, height = (area * shape).sqrt().clamp(max=1), (area / shape).sqrt().clamp(max=1)
    left, top = (_uniform(count, (-1, 1), random) * (1 - size) for size in (width, height))
    mirrored = torch.where(_uniform(count, (0, 1), random) < 0.5, -1.0, 1.0)
    matrix = torch.zeros(count, 2, 3, device=device)
    matrix[:, 0, 0], matrix[:, 0, 2] = width * mirrored, left
    matrix[:, 1, 1], matrix[:, 1, 2] = height, top
    grid = torch.nn.functional.affine_grid(matrix, [count, 3, side, side], align_corners=False)
    return torch.nn.functional.grid_sample(values, grid, mode="bilinear", padding_mode="border", align_corners=False)


def _recoloured(values: torch.Tensor, random: torch.Generator) -> torch.Tensor:
    """Brightness and contrast, saturation and hue as one matrix for each image; some become grey."""
    count = len(values)
    bright, contrast, saturation = (_uniform(count, (1 - _JITTER, 1 + _JITTER), random) for _ in range(3))
    turn = _uniform(count, (-2 * math.pi * _HUE, 2 * math.pi * _HUE), random)
    left_alone = _uniform(count, (0, 1), random) >= _JITTERED
    for factor in (bright, contrast, saturation):
        factor[left_alone] = 1
    turn[left_alone] = 0
    saturation[_uniform(count, (0, 1), random) < _GREY] = 0
    yiq = torch.tensor(_YIQ, device=values.device)
    turned = torch.zeros(count, 3, 3, device=values.device)
    turned[:, 0, 0] = 1
    turned[:, 1, 1] = turned[:, 2, 2] = saturation * turn.cos()
    turned[:, 1, 2], turned[:, 2, 1] = -saturation * turn.sin(), saturation * turn.sin()
    matrix = torch.linalg.inv(yiq) @ turned @ yiq * bright.view(-1, 1, 1)
    mixed = torch.einsum("nij,njhw->nihw", matrix, values)
    mean = mixed.mean(dim=(1, 2, 3), keepdim=True)
    return ((mixed - mean) * contrast.view(-1, 1, 1, 1) + mean).clamp(0, 1)


def _uniform(count: int, bounds: tuple[float, float], random: torch.Generator) -> torch.Tensor:
    low, high = bounds
    return low + (high - low) * torch.rand(count, generator=random, device=random.device)
