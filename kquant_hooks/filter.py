"""The Pillow filter."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from PIL import Image, ImageFilter

from kquant_hooks.images.recoloring import recolor
from kquant_hooks.options.settings import Settings

if TYPE_CHECKING:
    from PIL._imaging import ImagingCore


# A MultibandFilter, or Pillow would call it once for each band. Never callable: Pillow calls what it can.
@dataclass(frozen=True, repr=False, init=False)
class KMeansQuantize(Settings, ImageFilter.MultibandFilter):
    """Reduce an image to at most ``colors`` colours by k-means, in its own mode and size.

    Pass it to ``Image.filter``: an instance, or the class for the defaults. A filter is its settings:
    immutable, hashable, comparable, picklable, and safe to share between threads.

    Parameters
    ----------
    colors : int
        Largest number of colours, 1..256. A fully transparent colour counts.
    palette : Palette, str or path, optional
        Map every pixel to the nearest of these colours instead of learning some; of a file, those that it
        has now. Afterwards it is a Palette.
    init : {"wu", "k-means++", "random"}
        First centres. "wu" is followed by the full search; the other two by plain k-means on all distinct
        colours, so that ``init="random", tol=0`` is the textbook's algorithm.
    effort : {"fast", "balanced", "best"}
        How long to search for a lower error.
    space : {"srgb", "oklab"}
        Where distances between colours are measured, in the search and when pixels are mapped. "oklab" (of
        Ottosson 2020) is closer to what an eye sees. Not for CMYK, YCbCr, LAB and 16-bit grey.
    max_iter : int, optional
        Most k-means iterations in all, at least 1. None: no limit.
    tol : float, optional
        Stop when an iteration lowers the error by no more than this share of it, 0..1. 0: when the centres
        stand still. None: as ``effort`` says.
    seed : int
        Start of the random draws, at least 0.
    fixed : Palette, optional
        Colours that are in the palette in any case, whatever the image; the others are learnt around them.
    order : {"given", "lightness", "population", "hue"}
        Order of the palette, which a filter shows in no way; see ``quantize``.
    dither : {"none", "floyd-steinberg", "bayer", "bayer-4", "bayer-2", "blue-noise"}
        Mix entries in neighbouring pixels, so that averages come near the colours of the image. Pixels in a
        colour of the palette keep it.
    dither_strength : float
        How much of an error neighbouring pixels make up for, 0..1.
    alpha : {"keep", "hard"}
        "hard" makes pixels opaque where their alpha is 128 or more, and fully transparent elsewhere.
    keep_hidden_rgb : bool
        Whether fully transparent pixels keep their R, G, B; otherwise these become 0.
    threads : int, optional
        Most threads to use, which change nothing but the time. None: one for each core that the process may
        use, or as many as ``KQUANT_NUM_THREADS`` in the environment says.

    Raises
    ------
    ValueError
        At construction, for a value of the wrong type or out of range. From ``Image.filter``, for a mode
        that cannot be quantized, dithered or show given colours (the message names the conversion to call)
        and where transparent pixels need a colour that ``colors`` has no room for.

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
