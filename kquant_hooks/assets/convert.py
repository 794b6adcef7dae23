"""Converts the bytes of an image file to those of a quantized one; reads and writes no file."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import dataclass, replace

from PIL import Image

from kquant_hooks.assets.judge import Skip, Unchanged, colors_in_words, judge
from kquant_hooks.documents.codec import codec_of, read_document
from kquant_hooks.documents.document import Document, Encoding, Unsupported
from kquant_hooks.documents.figures import Figures
from kquant_hooks.documents.fitting import check_colors, check_fits
from kquant_hooks.documents.opening import open_image
from kquant_hooks.documents.reduce import Goal, Reduction, histogram_of, reduce
from kquant_hooks.documents.reindexing import reindexed
from kquant_hooks.documents.transcoding import in_indexable_modes, mode_without_palette, transcoded
from kquant_hooks.documents.verifying import verify
from kquant_hooks.formats.table import FORMATS, Format
from kquant_hooks.images.modes import MODES
from kquant_hooks.options.policy import Policy
from kquant_hooks.options.settings import Settings
from kquant_hooks.palettes.swatch import MAX_COLORS
from kquant_hooks.quantizer.histogram import Histogram

# Levels of zlib: 9 takes twice as long as 8 and saves half a percent of the bytes.
_LEVELS = {"fast": 6, "balanced": 8, "best": 9}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Conversion:
    """The bytes of a quantized file, and its figures."""

    data: bytes
    figures: Figures


def convert(data: bytes, settings: Settings, policy: Policy, format_name: str | None = None) -> Conversion:
    """Quantize the bytes of an image file.

    Parameters
    ----------
    data : bytes
    settings : Settings
    policy : Policy
    format_name : str, optional
        A key of ``FORMATS``, for a new file. None: rewrite the file in its own format.

    Returns
    -------
    Conversion
        Its bytes were read back and compared.

    Raises
    ------
    Skip, Unchanged
        If there is nothing to do.
    ValueError
        If the file cannot be read or quantized, or if the format cannot hold it. The message is one
        sentence, in which "it" is the file.
    """
    in_place = format_name is None
    source = judge(data, settings, in_place=in_place)
    with warnings.catch_warnings():
        # Pillow warns about large pictures, which have a limit here, and damaged metadata, which is dropped.
        warnings.simplefilter("ignore")
        try:
            document = _document(data, source, policy, format_name)
            format_name = format_name or source
            assert format_name is not None
            target = FORMATS[format_name]
            if format_name != source:
                document = transcoded(document, target)
            encoding = Encoding(level=_LEVELS[settings.effort], strip=policy.strip)
            most = MAX_COLORS if policy.auto_colors else settings.colors

            def inspect(colors: Histogram, number: int, was_translucent: bool) -> None:  # noqa: FBT001  as it is called
                few = settings.palette is None and number <= most and not was_translucent
                if in_place and few:
                    raise Unchanged(f"it has {colors_in_words(number)}")
                check_colors(colors, settings, document, format_name, encoding)

            reduction = reduce(document, settings, _goal(policy), inspect)
            figures = reduction.figures
            if in_place and reduction.is_lossless:
                raise Unchanged(f"it has {colors_in_words(figures.colors_before)}")
            _check_error(figures, policy)
            reduction, images = _in_mode(reduction, target)
            if target.sorted_palette and not reduction.has_fixed_order:
                images = map(reindexed, images)
            written = codec_of(format_name).write(reduction.document, images, encoding)
            verify(written, target, reduction, policy.max_pixels, data)
        except Unsupported as reason:
            if in_place:
                raise Skip(str(reason)) from reason
            raise
    is_lossless = reduction.is_lossless and settings.fixed is None
    if is_lossless and format_name == source and len(written) >= len(data) and not policy.strip:
        raise Unchanged(
            f"it has {colors_in_words(figures.colors_before)}, and re-encoding would not make it smaller"
        )
    _check_savings(len(data), len(written), policy)
    return Conversion(data=written, figures=figures)


def _check_error(figures: Figures, policy: Policy) -> None:
    """Skip a file whose result would not be good enough."""
    if policy.is_met_by(figures.mse, figures.psnr):
        return
    limits = {"max-error": policy.max_error, "min-psnr": policy.min_psnr}
    asked = ", ".join(f"{name}={limit:g}" for name, limit in limits.items() if limit is not None)
    raise Skip(f"its error would be {figures.mse:.1f} and its PSNR {figures.psnr:.1f} dB, worse than {asked}")


def _check_savings(before: int, after: int, policy: Policy) -> None:
    """Skip a file whose result would not be small enough; sizes are in bytes."""
    saved = before - after
    if policy.min_savings and saved < policy.least_savings(before):
        would = f"grow by {-saved} bytes" if saved < 0 else f"shrink by only {saved} bytes"
        raise Skip(f"it would {would} (min-savings: {policy.min_savings})")


def count(data: bytes, settings: Settings, policy: Policy) -> Histogram:
    """Count the colours of all frames of an image file as they are seen.

    Raises
    ------
    Skip, ValueError
        As for ``convert``.
    """
    source = judge(data, settings, in_place=False)
    with warnings.catch_warnings():
        # As for ``convert``.
        warnings.simplefilter("ignore")
        document = read_document(data, source, policy.max_pixels)
        return histogram_of(in_indexable_modes(document, mode_without_palette(document)), settings)


def _document(data: bytes, source: str | None, policy: Policy, target: str | None) -> Document:
    """The file as a document, with frames in modes that a palette can hold."""
    in_place = target is None
    if in_place and (source is None or not FORMATS[source].kinds):
        name = open_image(data, policy.max_pixels).format
        raise Skip(f"{name} files can be read but not written; write a new file, such as a PNG")
    document = read_document(data, source, policy.max_pixels)
    if target not in (None, source):
        check_fits(document, target)
    other = mode_without_palette(document)
    if in_place and other:
        raise Skip(f"its {other} colours would become RGB; write a new file instead")
    return in_indexable_modes(document, other)


def _goal(policy: Policy) -> Goal | None:
    if not policy.auto_colors:
        return None
    return lambda found: policy.is_met_by(found.mse, found.psnr)


def _in_mode(reduction: Reduction, target: Format) -> tuple[Reduction, Iterator[Image.Image]]:
    """The new images, in grey levels if the profile is for grey levels, which a palette cannot have.

    If they have colours, or the format has no grey levels, a new file loses that profile.
    """
    document = reduction.document
    if (document.metadata.icc or b"")[16:20] != b"GRAY":
        return reduction, reduction.images()
    if target.gray and all(red == green == blue for red, green, blue, *_ in reduction.figures.palette):
        modes = ("L", "LA")
        return reduction, (image.convert(modes[image.has_transparency_data]) for image in reduction.images())
    if target.name == document.format:
        if target.gray and MODES[document.frames[0].load().mode].gray:
            raise Unsupported(
                "its profile is for grey levels, but the palette has colours; write a new file instead"
            )
        return reduction, reduction.images()
    metadata = replace(document.metadata, icc=None)
    return replace(reduction, document=replace(document, metadata=metadata)), reduction.images()
