"""Files taken apart and put together by the codec of their format, loaded when it is needed."""

from __future__ import annotations

from collections.abc import Iterable
from importlib import import_module
from typing import Protocol, cast

from PIL import Image

from kquant_hooks.documents.codecs import other
from kquant_hooks.documents.document import Document, Encoding
from kquant_hooks.documents.headers import Header, read_header
from kquant_hooks.formats.table import FORMATS


class Codec(Protocol):
    """What a module in ``documents/codecs`` defines; one that only reads needs no ``write``."""

    def read(self, data: bytes, max_pixels: int | None) -> Document:
        """Take a file apart; ValueError with one sentence."""
        raise NotImplementedError

    def write(self, document: Document, images: Iterable[Image.Image], encoding: Encoding) -> bytes:
        """Put a file together from a document and the new images of its frames.

        Raises
        ------
        ValueError
            If the format cannot hold them.
        """
        raise NotImplementedError


def codec_of(name: str) -> Codec:
    """The codec of a format, a key of ``FORMATS``."""
    return cast("Codec", import_module(FORMATS[name].codec))


def read_document(data: bytes, name: str | None, max_pixels: int | None) -> Document:
    """Take a file apart.

    Parameters
    ----------
    data : bytes
    name : str, optional
        What ``format_of`` says of it.
    max_pixels : int, optional

    Raises
    ------
    ValueError
        With one sentence, if it is damaged, too large, or its header contradicts its frames.
    """
    document = (other if name is None else codec_of(name)).read(data, max_pixels)
    _check_header(document, read_header(data, document.format))
    return document


def check_surroundings(document: Document, name: str, encoding: Encoding) -> None:
    """Refuse a document whose pixels a format can hold, but not what surrounds them.

    Raises
    ------
    ValueError
        As ``check`` of the format's codec, if it has one, does.
    """
    check = getattr(codec_of(name), "check", None)
    if check is not None:
        check(document, encoding)


def _check_header(document: Document, header: Header | None) -> None:
    """Refuse a file whose header and frames, as its codec reads them, contradict each other."""
    if header is None:
        return
    pages = document.displayed if document.kind == "pages" else 1
    said = [(len(header.sizes), pages, "pages"), (header.sizes[0], document.size, "pixels")]
    if document.kind == "animation":
        said += [
            (len(header.delays), document.displayed, "frames"),
            (header.loop, document.loop, "repetitions"),
        ]
    for in_header, found, what in said:
        if in_header != found:
            raise ValueError(f"cannot be decoded: its header declares {in_header} {what} but it has {found}")
