"""``quantize_file``: one image file, quantized from a program."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal, Unpack

from kquant_hooks.assets.outcome import Outcome
from kquant_hooks.assets.process import process
from kquant_hooks.options.option import check_names
from kquant_hooks.options.policy import POLICY_OPTIONS, PolicyOptions, settings_and_policy
from kquant_hooks.options.settings import OPTIONS, Options
from kquant_hooks.palettes.swatch import MAX_COLORS

# Options that need a separate process, which the commands start.
_OF_PROCESSES = {"timeout", "max_memory"}


class FileOptions(Options, PolicyOptions):
    """Keyword arguments of ``quantize_file``, as type checkers see them."""


def quantize_file(
    path: str | os.PathLike[str],
    colors: int | Literal["auto"] = MAX_COLORS,
    *,
    target: str | os.PathLike[str] | None = None,
    dry_run: bool = False,
    force: bool = False,
    **options: Unpack[FileOptions],
) -> Outcome:
    """Quantize an image file, as ``kquant quantize`` does, in this process.

    The result is read back and compared before it is written, and is written completely or not at all. No
    ``.kquant.yaml`` is read. Without a target, the file is rewritten in its own format, and left alone if
    that cannot hold a palette or if it has few enough colours already.

    Parameters
    ----------
    path : str or path
    colors : int or "auto"
        Largest number of colours, 1..256. "auto": the fewest that meet ``max_error`` or ``min_psnr``.
    target : str or path, optional
        The file to write, in the format of its extension or of ``format``. Missing folders are created.
    dry_run : bool
        Do everything except write.
    force : bool
        Overwrite a target that exists. Without it, a target with different content is a failure.
    **options
        Those of ``KMeansQuantize``, and ``min_savings``, ``max_error``, ``min_psnr``, ``strip``, ``format``
        and ``max_pixels`` of the command. Pillow's own limit, ``PIL.Image.MAX_IMAGE_PIXELS``, holds as well.

    Returns
    -------
    Outcome
        What happened, also if the file could not be read, quantized or written.

    Raises
    ------
    ValueError
        If an option is out of range.
    TypeError
        If there is no such option.

    Examples
    --------
    >>> quantize_file("no such file.png", 16).reason
    'cannot be read: No such file or directory'
    """
    names = [name for name in (*OPTIONS, *POLICY_OPTIONS) if name not in _OF_PROCESSES]
    check_names("quantize_file", options, names)
    settings, policy = settings_and_policy({"colors": colors, "max_memory": None, **options})
    aim = None if target is None else Path(target)
    return process(Path(path), settings, policy, target=aim, dry_run=dry_run, force=force)
