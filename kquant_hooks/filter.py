"""The Pillow filter."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from PIL import Image, ImageFilter

from kquant_hooks.images.quantize import recolor
from kquant_hooks.quantizer.settings import Settings

if TYPE_CHECKING:
    from PIL._imaging import ImagingCore


# A MultibandFilter, or Pillow would call it once for each band. Never callable: Pillow calls what it can.
@dataclass(frozen=True, repr=False)
class KMeansQuantize(Settings, ImageFilter.MultibandFilter):
    """Reduce an image to at most ``colors`` colours by k-means, in its own mode and size.

    Pass it to ``Image.filter``: an instance, or the class for the defaults. A filter is its settings:
    immutable, hashable, comparable, picklable, and safe to share between threads.

    Parameters
    ----------
    colors : int
        Largest number of colours, 1..256. A fully transparent colour counts.
    palette : Palette, optional
        Map every pixel to the nearest of these colours instead of learning some.
    init : {"wu", "k-means++", "random"}
        First centres. "wu" is followed by the full search; the other two by plain k-means on all distinct
        colours, so that ``init="random", tol=0`` is the textbook's algorithm.
    effort : {"fast", "balanced", "best"}
        How long to search for a lower error.
    max_iter : int, optional
        Most k-means iterations in all, at least 1. None: no limit.
    tol : float, optional
        Stop when an iteration lowers the error by no more than this share of it, 0..1. 0: when the centres
        stand still. None: as ``effort`` says.
    seed : int
        Start of the random draws, at least 0.
    order : {"given", "lightness", "population"}
        Order of the palette, which a filter shows in no way; see ``quantize``.
    threads : int, optional
        Most threads to use, which change nothing but the time. None: one for each core that the process may
        use, or as many as ``KQUANT_NUM_THREADS`` in the environment says.

    Raises
    ------
    ValueError
        At construction, for a value of the wrong type or out of range. From ``Image.filter``, for a mode
        that cannot be quantized (the message names the conversion to call) and for ``colors=1`` on an
        image that is transparent in part.

    Examples
    --------
    >>> from PIL import Image
    >>> image = Image.radial_gradient("L")
    >>> len(image.filter(KMeansQuantize(5)).getcolors())
    5
    """

    name: ClassVar[str] = "KMeansQuantize"

    def filter(self, image: ImagingCore) -> ImagingCore:
        """Called by ``Image.filter`` with the image's core; returns a new core of the same mode and size."""
        return recolor(_image_of(image), self).im


def _image_of(core_image: ImagingCore) -> Image.Image:
    image = Image.new(core_image.mode, core_image.size, None)
    image.im = core_image
    return image
