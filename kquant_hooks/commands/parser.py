"""The parser of the command line: its errors show the usage of the right command and what was meant."""

from __future__ import annotations

import argparse
import re
from collections.abc import Sequence
from typing import NoReturn

from kquant_hooks.options.nearest import hint


class CommandParser(argparse.ArgumentParser):
    """An argument parser that suggests commands, flags and values."""

    def parse_command(self, given: Sequence[str]) -> argparse.Namespace:
        """The arguments; unknown ones are an error of the command that was given, not of its parent."""
        arguments, unknown = self.parse_known_args(given)
        if unknown:
            parser = getattr(arguments, "parser", self)
            parser.error(f"unrecognized arguments: {' '.join(unknown)}{parser.meant_by(unknown)}")
        return arguments

    def meant_by(self, unknown: Sequence[str]) -> str:
        """What to say after arguments that do not exist."""
        flags = re.findall(r"--[\w-]+", self.format_help())
        for text in unknown:
            if text.startswith("-") and (found := hint(text.partition("=")[0], flags)):
                return found
        return ""

    def error(self, message: str) -> NoReturn:
        """Exit with code 2; a choice that does not exist gets a suggestion."""
        if wrong := re.search(r"invalid choice: '(.*?)' \(choose from (.*)\)", message):
            message += hint(wrong[1], re.findall(r"[\w-]+", wrong[2]))
        super().error(message)
