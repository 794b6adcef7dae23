"""``kquant palette learn``: one palette for many pictures."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from kquant_hooks.assets.collect import Destination, collect
from kquant_hooks.assets.outcome import Outcome
from kquant_hooks.assets.sharing import count_each
from kquant_hooks.commands.arguments import add_option, add_style, given_options, style_of
from kquant_hooks.commands.palette.files import count_in_words, save_or_complain
from kquant_hooks.options.option import defaults_of
from kquant_hooks.options.policy import POLICY_OPTIONS, Policy
from kquant_hooks.options.settings import OPTIONS, Settings
from kquant_hooks.palettes.files import FORMAT_OF_EXTENSION, Format, format_for
from kquant_hooks.palettes.palette import Palette
from kquant_hooks.report.exits import EXIT_DONE, EXIT_FAILED, EXIT_INTERRUPTED, EXIT_USAGE
from kquant_hooks.report.lines import one_line
from kquant_hooks.report.printing import Printer, print_error

if TYPE_CHECKING:
    from kquant_hooks.quantizer.histogram import Histogram

# Options that concern pixels, or that would leave nothing to learn.
_UNUSED_OPTIONS = ("palette", "dither", "dither_strength", "keep_hidden_rgb")
_LEARNING_OPTIONS = {name: option for name, option in OPTIONS.items() if name not in _UNUSED_OPTIONS}
_LIMIT_OPTIONS = {name: POLICY_OPTIONS[name] for name in ("max_pixels", "timeout", "max_memory")}
_EXAMPLES = """\
examples:
  kquant palette learn sprites/ -c 32 -o sprites.gpl
  kquant palette learn sprites/ -c 32 --alpha hard -o sprites.gpl     for sprites with soft edges
  kquant palette learn hero.jpg -c 6 -o theme.css
  kquant palette learn sprites/ boss.png -c 64 --equal-weight --fixed '#000,#fff' -o game.hex

exit codes: 0 done, 2 usage error, or FILE has different content, 3 a picture could not be read (the
palette is learned from the others) or FILE could not be written, 130 interrupted
"""


def describe(parser: argparse.ArgumentParser) -> None:
    """Give the command its arguments and its help."""
    parser.description = (
        "Learn one palette for many pictures: files, and folders of files, with all their frames."
    )
    parser.epilog = _EXAMPLES
    parser.add_argument("paths", nargs="+", metavar="PATH", help="image files, or folders that contain them")
    parser.add_argument(
        "-o",
        "--output",
        metavar="FILE",
        required=True,
        help="the palette file; its extension sets the format",
    )
    parser.add_argument("-f", "--force", action="store_true", help="overwrite FILE if it exists")
    parser.add_argument(
        "--equal-weight",
        action="store_true",
        help="give every picture the same weight, whatever its size (default: every pixel has the same)",
    )
    group = parser.add_argument_group("how colours are chosen")
    usual = defaults_of(Settings) | defaults_of(Policy)
    for name, option in (_LEARNING_OPTIONS | _LIMIT_OPTIONS).items():
        flags = ["-c", "--colors"] if name == "colors" else []
        add_option(group, name, option, usual[name], option.help, flags)
    add_style(parser.add_argument_group("what it prints"))


def run(arguments: argparse.Namespace) -> int:
    """Run the command; returns the exit code."""
    target = Path(arguments.output)
    try:
        settings = Settings(**given_options(arguments, _LEARNING_OPTIONS))
        policy = Policy(**given_options(arguments, _LIMIT_OPTIONS))
        written = format_for(target)
    except ValueError as error:
        print_error(error)
        return EXIT_USAGE
    found = collect(map(Path, arguments.paths), Destination(in_place=True))
    # The palette file itself may be an image in a folder of pictures; it is left out.
    tasks = [task for task in found if task.path.absolute() != target.absolute()]
    printer = Printer(style_of(arguments), len(tasks))
    counted: list[Path] = []
    failed: list[Path] = []

    def histograms() -> Iterator[Histogram]:
        readable = [task.path for task in tasks if not task.problem]
        counting = count_each(readable, settings, policy)
        for task in tasks:
            problem = Outcome(task.path, "failed", task.problem)
            found = problem if task.problem else next(counting)
            if isinstance(found, Outcome):
                failed.append(task.path)
                printer.count(found)
                printer.print(found)
            else:
                counted.append(task.path)
                printer.count(Outcome(task.path, "unchanged"))
                yield found

    from kquant_hooks.images.sharing import palette_of

    try:
        palette = palette_of(histograms(), settings, equal_weight=arguments.equal_weight)
    except ValueError as error:
        print_error(error)
        return EXIT_FAILED
    except KeyboardInterrupt:
        print_error(
            f"interrupted; {len(counted)} of {len(tasks)} pictures were read, and nothing was written"
        )
        return EXIT_INTERRUPTED
    finally:
        printer.close()
    try:
        palette, note = _fit(palette, written)
    except ValueError as error:
        print_error(f"{target}: {error}")
        return EXIT_FAILED
    code = _write(palette, target, force=arguments.force)
    if code == EXIT_DONE and arguments.json:
        record = {"path": str(target), "pictures": len(counted), "colors": palette.hex()}
        printer.print_line(json.dumps(record))
    elif code == EXIT_DONE and not arguments.quiet:
        pictures = f"{len(counted)} picture{'s' * (len(counted) != 1)}"
        printer.print_line(one_line(f"{pictures} -> {target}  {count_in_words(palette)}{note}"))
    return code or (EXIT_FAILED if failed or not printer.complete else EXIT_DONE)


def _fit(palette: Palette, written: Format) -> tuple[Palette, str]:
    """The part of a palette that a format can hold, and a note about the rest; ValueError if translucent."""
    if written.alpha:
        return palette, ""
    if any(len(color) == 4 and 0 < color[3] < 255 for color in palette):
        others = [
            extension for extension, entry in reversed(FORMAT_OF_EXTENSION.items()) if entry.alpha == "yes"
        ]
        raise ValueError(
            "its format cannot hold alpha, and the pictures have translucent pixels; "
            f"use --alpha hard or another extension: {', '.join(others)}"
        )
    visible = [color for color in palette if len(color) == 3 or color[3]]
    if not 0 < len(visible) < len(palette):
        return palette, ""
    # Pictures that are mapped to a palette without a transparent entry get one if they need it.
    return Palette(visible), ", without the transparent one, which this format cannot hold"


def _write(palette: Palette, target: Path, *, force: bool) -> int:
    if target.exists() and not force:
        # A second run changes nothing.
        if _holds(target, palette):
            return EXIT_DONE
        print_error(f"{target} already exists with different content; use --force to overwrite it")
        return EXIT_USAGE
    return EXIT_DONE if save_or_complain(palette, target) else EXIT_FAILED


def _holds(target: Path, palette: Palette) -> bool:
    """Whether a file already has the bytes that saving the palette would write."""
    with TemporaryDirectory() as folder:
        expected = Path(folder, target.name)
        try:
            palette.save(expected)
            return target.is_file() and expected.read_bytes() == target.read_bytes()
        except (OSError, ValueError):
            # Saving to the target reports the error.
            return False
