"""How much alike two pictures look."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

# Of larger pictures the middle is judged.
_LONGEST_SIDE = 1024
_WINDOW = 7


def middle(width: int, height: int) -> tuple[int, int, int, int]:
    """The box that is judged: the whole picture, or the middle of a large one."""
    left, top = max(0, width - _LONGEST_SIDE) // 2, max(0, height - _LONGEST_SIDE) // 2
    return left, top, min(width, left + _LONGEST_SIDE), min(height, top + _LONGEST_SIDE)


def likeness(image: npt.NDArray[np.uint8], shown: npt.NDArray[np.uint8]) -> tuple[float | None, float | None]:
    """The mean CIEDE2000 over every second row and column, and the SSIM of the grey levels.

    Sharma, Wu & Dalal 2005, *The CIEDE2000 color-difference formula*: one of about 1 is just noticed. Wang et
    al. 2004, *Image quality assessment: from error visibility to structural similarity*: 1 is equal. Both are
    None where scikit-image is not installed, and SSIM for pictures smaller than its window.

    Parameters
    ----------
    image, shown : ndarray of uint8, shape (height, width, 3)
    """
    if find_spec("skimage") is None:
        return None, None
    from skimage import color, metrics

    # Some versions have types and some have none.
    ciede2000: Callable[..., Any] = color.deltaE_ciede2000
    similarity: Callable[..., Any] = metrics.structural_similarity
    difference = ciede2000(color.rgb2lab(image[::2, ::2]), color.rgb2lab(shown[::2, ::2])).mean()
    too_small = min(image.shape[:2]) < _WINDOW
    return float(difference), None if too_small else float(similarity(_grey(image), _grey(shown)))


def _grey(pixels: npt.NDArray[np.uint8]) -> npt.NDArray[Any]:
    return np.asarray(Image.fromarray(pixels).convert("L"))
