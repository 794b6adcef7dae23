"""Files that tests make: each format with everything that it can hold."""

from __future__ import annotations

import io
from collections.abc import Callable

from photos import draw_photo, draw_translucent
from PIL import Image, ImageCms, ImageDraw, PngImagePlugin, TiffImagePlugin

PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf/></x:xmpmeta>'


def exif(orientation: int = 6) -> bytes:
    tags = Image.Exif()
    tags[0x0112] = orientation
    tags[0x010F] = "a camera"
    tags.get_ifd(0x8769)[0x9286] = b"ASCII\0\0\0a comment"
    return tags.tobytes()


def bouncing(mode: str = "RGBA", count: int = 4) -> list[Image.Image]:
    """A ball of many colours that moves over nothing (RGBA) or a busy background (RGB)."""
    frames = []
    for step in range(count):
        frame = draw_photo(64, 48, seed=3) if mode == "RGB" else Image.new("RGBA", (64, 48))
        ball = draw_photo(20, 20, seed=step).convert(frame.mode)
        mask = Image.new("L", ball.size)
        ImageDraw.Draw(mask).ellipse((0, 0, 19, 19), fill=255)
        if mode == "translucent":
            ball.putalpha(mask.point([0] * 255 + [140]))
            frame.alpha_composite(ball, (4 + 3 * step, 6 + 2 * step))
        else:
            frame.paste(ball, (4 + 10 * step, 6 + 5 * step), mask)
        frames.append(frame)
    return frames


def saved(image: Image.Image, format_name: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format_name, **options)
    return buffer.getvalue()


def animated(format_name: str, mode: str = "RGBA", **options: object) -> bytes:
    first, *rest = bouncing(mode)
    options = {"duration": [40, 120, 250, 90], "loop": 3} | options
    return saved(first, format_name, save_all=True, append_images=rest, **options)


def gif(disposal: int | list[int], mode: str = "RGBA", **options: object) -> bytes:
    return animated("GIF", mode, disposal=disposal, **options)


def png_texts() -> PngImagePlugin.PngInfo:
    texts = PngImagePlugin.PngInfo()
    texts.add_text("Title", "a picture")
    texts.add_text("Comment", "long " * 400, zip=True)
    texts.add_itxt("Description", "ein Bild, sch\u00f6n", lang="de")
    texts.add_itxt("XML:com.adobe.xmp", XMP.decode())
    texts.add(b"gAMA", (45455).to_bytes(4, "big"))
    texts.add(b"cICP", bytes([9, 16, 0, 1]))
    texts.add(b"npTc", b"nine patch")
    texts.add(b"npLb", b"after the pixels", True)
    return texts


def tiff_pages() -> bytes:
    pages = [draw_photo(40, 30, seed=seed) for seed in (1, 2, 3)]
    buffer = io.BytesIO()
    with TiffImagePlugin.AppendingTiffWriter(buffer, True) as writer:
        for number, page in enumerate(pages):
            tags = TiffImagePlugin.ImageFileDirectory_v2()
            tags[270] = f"page {number}"
            tags[315] = "an artist"
            tags[65000] = "a private tag"
            page.save(writer, "TIFF", tiffinfo=tags, dpi=(100 + number, 200), compression="tiff_lzw")
            writer.newFrame()
    return buffer.getvalue()


def _deep(mode: str = "I;16") -> Image.Image:
    levels = b"".join((257 * level % 65536).to_bytes(2, "little") for level in range(3, 96 * 64 + 3))
    return Image.frombytes(mode, (96, 64), levels)


def _indexed() -> Image.Image:
    return draw_photo().quantize(64)


def _with_transparency(image: Image.Image) -> Image.Image:
    image.info["transparency"] = bytes(range(0, 256, 8))
    return image


# Every file has more than five colours, so it needs rewriting.
FILES: dict[str, Callable[[], bytes]] = {
    "rgb.png": lambda: saved(draw_photo(), "PNG", dpi=(144, 144), icc_profile=PROFILE, exif=exif()),
    "rgba.png": lambda: saved(draw_translucent(), "PNG", pnginfo=png_texts()),
    "gray.png": lambda: saved(draw_photo().convert("L"), "PNG"),
    "gray-alpha.png": lambda: saved(draw_translucent().convert("LA"), "PNG"),
    "gray-16.png": lambda: saved(_deep(), "PNG"),
    "indexed.png": lambda: saved(_indexed(), "PNG"),
    "indexed-alpha.png": lambda: saved(_with_transparency(_indexed()), "PNG"),
    "rgb-key.png": lambda: saved(draw_photo(), "PNG", transparency=draw_photo().getpixel((5, 5))),
    "animated.png": lambda: animated("PNG", exif=exif(1)),
    "animated-default-image.png": lambda: animated("PNG", default_image=True, duration=[40, 120, 250]),
    "animated-over.png": lambda: animated("PNG", blend=1, disposal=[0, 1, 2, 0]),
    "animated-translucent.png": lambda: animated("PNG", "translucent", blend=1),
    "animated-rgb.png": lambda: animated("PNG", "RGB"),
    "still.gif": lambda: saved(draw_photo(), "GIF", comment=b"by hand"),
    "interlaced.gif": lambda: saved(draw_photo(), "GIF", interlace=1),
    "keep.gif": lambda: gif(1, "RGB", comment=b"by hand"),
    "background.gif": lambda: gif(2),
    "previous.gif": lambda: gif(3),
    "mixed.gif": lambda: gif([0, 1, 2, 3]),
    "rgb.bmp": lambda: saved(draw_photo(), "BMP", dpi=(300, 300)),
    "gray.bmp": lambda: saved(draw_photo().convert("L"), "BMP"),
    "rgb.tif": lambda: saved(draw_photo(), "TIFF", dpi=(300, 300), icc_profile=PROFILE, exif=exif(1)),
    "rgba.tiff": lambda: saved(draw_translucent(), "TIFF", compression="tiff_adobe_deflate"),
    "gray-16.tiff": lambda: saved(_deep(), "TIFF"),
    "big.tiff": lambda: saved(draw_photo(), "TIFF", big_tiff=True),
    "pages.tiff": tiff_pages,
    "rgb.webp": lambda: saved(draw_photo(), "WEBP", lossless=True, icc_profile=PROFILE, exif=exif(), xmp=XMP),
    "rgba.webp": lambda: saved(draw_translucent(), "WEBP", lossless=True),
    "animated.webp": lambda: animated("WEBP", lossless=True, minimize_size=True, exif=exif(1)),
    "rgb.ppm": lambda: saved(draw_photo(), "PPM"),
    "gray.pgm": lambda: saved(draw_photo().convert("L"), "PPM"),
}
