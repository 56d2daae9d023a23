"""Mix the examples of a batch in pairs; targets are mixed in the same shares."""

import numpy as np


def mixup(
    pixels: np.ndarray, targets: np.ndarray, random: np.random.Generator, alpha: float
) -> tuple[np.ndarray, np.ndarray]:
    """Blend every image with another one.

    Args:
        pixels: uint8, shape (batch, height, width, 3).
        targets: float32, shape (batch, outputs).
        random: The generator that draws partners and shares.
        alpha: Parameter of the Beta(alpha, alpha) distribution of the shares.

    Returns:
        Pixels, uint8, and targets, float32, of the same shapes.

    Example:
        >>> pixels, targets = mixup(np.zeros((4, 8, 8, 3), np.uint8), np.eye(4, dtype=np.float32), np.random.default_rng(0), 0.2)
        >>> pixels.dtype, targets.sum(axis=1).round(5).tolist()
        (dtype('uint8'), [1.0, 1.0, 1.0, 1.0])
    """
    partner = random.permutation(len(pixels))
    share = random.beta(alpha, alpha, len(pixels)).astype(np.float32)
    mixed = np.empty_like(pixels)
    for index, (other, own) in enumerate(zip(partner, share, strict=True)):
        mixed[index] = np.rint(own * pixels[index] + (1 - own) * pixels[other])
    return mixed, _blend(targets, partner, share)


def cutmix(
    pixels: np.ndarray, targets: np.ndarray, random: np.random.Generator, alpha: float
) -> tuple[np.ndarray, np.ndarray]:
    """Paste a box of another image into every image.

    Args:
        pixels: uint8, shape (batch, height, width, 3).
        targets: float32, shape (batch, outputs).
        random: The generator that draws partners and boxes.
        alpha: Parameter of the Beta(alpha, alpha) distribution of the area that is kept.

    Returns:
        Pixels, uint8, and targets, float32, of the same shapes. Targets are mixed by the area that was really kept.

    Example:
        >>> black, white = np.zeros((1, 8, 8, 3), np.uint8), np.full((1, 8, 8, 3), 255, np.uint8)
        >>> both, targets = np.concatenate([black, white]), np.eye(2, dtype=np.float32)
        >>> pixels, mixed = cutmix(both, targets, np.random.default_rng(1), 1.0)
        >>> np.allclose(pixels[:, :, :, 0].mean(axis=(1, 2)) / 255, mixed[:, 1])
        True
    """
    count, height, width, _ = pixels.shape
    partner = random.permutation(count)
    kept = np.asarray(random.beta(alpha, alpha, count))
    mixed, share = pixels.copy(), np.ones(count, np.float32)
    for index, other in enumerate(partner):
        side = np.sqrt(1 - kept[index])
        middle_y, middle_x = int(random.integers(height)), int(random.integers(width))
        top, bottom = _edges(middle_y, side * height, height)
        left, right = _edges(middle_x, side * width, width)
        mixed[index, top:bottom, left:right] = pixels[other, top:bottom, left:right]
        share[index] = 1 - (bottom - top) * (right - left) / (height * width)
    return mixed, _blend(targets, partner, share)


def _edges(middle: int, length: float, limit: int) -> tuple[int, int]:
    return max(0, round(middle - length / 2)), min(limit, round(middle + length / 2))


def _blend(targets: np.ndarray, partner: np.ndarray, share: np.ndarray) -> np.ndarray:
    return (share[:, None] * targets + (1 - share[:, None]) * targets[partner]).astype(np.float32)
