"""The loss of contrastive learning.

References:
    Chen, Kornblith, Norouzi, Hinton. A Simple Framework for Contrastive Learning of Visual Representations (SimCLR).
    ICML 2020: equation 1, algorithm 1.
"""

import torch


def nt_xent(first: torch.Tensor, second: torch.Tensor, temperature: float) -> torch.Tensor:
    """Cross entropy of each view's own partner among all other views, by cosine similarity.

    Args:
        first: (n, D) projections of one view of each image.
        second: (n, D) those of the other view, aligned.
        temperature: divides similarities; above 0.

    Returns:
        The mean over all 2 n views; log(2 n - 1) where all projections are alike.
    """
    views = torch.nn.functional.normalize(torch.cat([first, second]))
    similar = views @ views.T / temperature
    similar.fill_diagonal_(-torch.inf)
    count = len(first)
    partner = torch.arange(2 * count, device=views.device).roll(count)
    return torch.nn.functional.cross_entropy(similar, partner)
