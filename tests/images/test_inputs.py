"""What is given instead of an image: the message says how to make one of it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from kquant_hooks import learn_palette, quantize

GIVEN = [
    ("photo.png", "'photo.png'; open it with PIL.Image.open first, or call quantize_file"),
    (Path("photo.png"), "PosixPath('photo.png'); open it with PIL.Image.open first"),
    (np.zeros((4, 4, 3), np.uint8), "an object of type ndarray; convert it with PIL.Image.fromarray first"),
    (None, "None; expected a PIL.Image.Image"),
    (b"\x89PNG" * 100, "; expected a PIL.Image.Image"),
]


@pytest.mark.parametrize(("given", "message"), GIVEN)
def test_what_is_not_an_image_is_refused_with_the_way_to_one(given, message):
    for function, name in ((quantize, "quantize"), (lambda image: learn_palette([image]), "learn_palette")):
        with pytest.raises(TypeError) as caught:
            function(given)
        assert str(caught.value).startswith(f"{name}() was given ")
        assert message.replace("Posix", type(Path()).__name__.removesuffix("Path")) in str(caught.value)
        assert len(str(caught.value)) < 200
