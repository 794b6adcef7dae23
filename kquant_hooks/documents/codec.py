"""Finds the codec of a format, loads it on demand, and checks the documents that it reads."""

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
    """The interface of a module in ``documents/codecs``; a codec that only reads omits ``write``."""

    def read(self, data: bytes, max_pixels: int | None) -> Document:
        """Parse a file; ValueError with one sentence if this fails."""
        raise NotImplementedError

    def write(self, document: Document, images: Iterable[Image.Image], encoding: Encoding) -> bytes:
        """Encode a file from a document and the new images of its frames.

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
    """Parse a file, and check its header against its frames.

    Parameters
    ----------
    data : bytes
    name : str, optional
        The name that ``format_of`` returns for it.
    max_pixels : int, optional

    Raises
    ------
    ValueError
        If it is damaged or too large, or if its header contradicts its frames; one sentence.
    """
    document = (other if name is None else codec_of(name)).read(data, max_pixels)
    _check_header(document, read_header(data, document.format))
    return document


def check_metadata(document: Document, name: str, encoding: Encoding) -> None:
    """Refuse a document whose metadata the format cannot hold.

    Raises
    ------
    ValueError
        By the ``check`` of the format's codec, if it has one.
    """
    check = getattr(codec_of(name), "check", None)
    if check is not None:
        check(document, encoding)


def _check_header(document: Document, header: Header | None) -> None:
    """Refuse a file whose header contradicts the frames that its codec has read."""
    if header is None:
        return
    pages = document.displayed_count if document.kind == "pages" else 1
    checks = [(len(header.sizes), pages, "pages"), (header.sizes[0], document.size, "pixels")]
    if document.kind == "animation":
        checks += [
            (len(header.delays), document.displayed_count, "frames"),
            (header.loop, document.loop, "repetitions"),
        ]
    for declared, found, what in checks:
        if declared != found:
            raise ValueError(f"cannot be decoded: its header declares {declared} {what} but it has {found}")
