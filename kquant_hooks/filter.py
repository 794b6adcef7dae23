"""The Pillow filter."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from PIL import Image, ImageFilter

from kquant_hooks.images.recoloring import recolor
from kquant_hooks.options.settings import Settings

if TYPE_CHECKING:
    from PIL._imaging import ImagingCore


# A MultibandFilter, as Pillow would call others once per band. Never callable: Pillow calls any callable.
@dataclass(frozen=True, repr=False, init=False)
class KMeansQuantize(Settings, ImageFilter.MultibandFilter):
    """Reduce an image to at most ``colors`` colours by k-means, in its own mode and size.

    Pass an instance to ``Image.filter``, or the class itself for the defaults. A filter is immutable,
    hashable, comparable, picklable, and safe to share between threads.

    Parameters
    ----------
    colors : int
        Largest number of colours, 1..256. A fully transparent colour counts.
    palette : Palette, list of colours, str or path, optional
        Map every pixel to the nearest of these colours instead of learning a palette; overrides ``colors``.
        A str is a path, or hex colours separated by commas. A file is read once, here.
    fixed : Palette, list of colours, str or path, optional
        Colours that the palette always has; the others are learned around them.
    init : {"wu", "k-means++", "random"}
        How the first centres are chosen. The full search follows "wu"; plain k-means on all distinct colours
        follows the other two, so ``init="random", tol=0`` is the textbook algorithm.
    effort : {"fast", "balanced", "best"}
        How long to search for a lower error.
    space : {"srgb", "oklab"}
        Colour space in which distances are measured, when searching and when mapping pixels. "oklab"
        (Ottosson 2020) is closer to what people see. Not for CMYK, YCbCr, LAB and 16-bit grey.
    max_iter : int, optional
        Largest number of k-means iterations in total, at least 1. None: no limit.
    tol : float, optional
        Stop when an iteration lowers the error by no more than this fraction, 0..1. 0: when the centres stop
        moving. None: set by ``effort``.
    seed : int
        Seed for the random draws of "k-means++" and "random", at least 0.
    order : {"given", "lightness", "population", "hue"}
        Order of the palette, which only ``quantize`` shows.
    dither : {"none", "floyd-steinberg", "bayer", "bayer-4", "bayer-2", "blue-noise"}
        Error diffusion or a fixed threshold pattern, so that local averages come near those of the image.
        Pixels whose colour is in the palette keep it.
    dither_strength : float
        Fraction of the error that dithering compensates, 0..1.
    alpha : {"keep", "hard"}
        "hard" makes pixels opaque if their alpha is 128 or more, and fully transparent otherwise.
    keep_hidden_rgb : bool
        Whether fully transparent pixels keep their R, G, B; otherwise these become 0.
    threads : int, optional
        Largest number of threads; affects speed only. None: the value of ``KQUANT_NUM_THREADS`` in the
        environment or, if that is not set, one per core that the process may use.

    Raises
    ------
    ValueError
        At construction, if a value is of the wrong type or out of range. From ``Image.filter``, if the mode
        cannot be quantized, dithered or show the given colours (the message names the conversion to call),
        or if ``colors`` leaves no room for the colour that transparent pixels need.
    TypeError
        At construction, if there is no such option; the message names the nearest one.

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
