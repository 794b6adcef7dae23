"""An option of a list: its kind, what it does, and the dataclass field that declares it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from kquant_hooks.options.kinds import Kind
from kquant_hooks.options.nearest import hint


@dataclass(frozen=True, slots=True)
class Option:
    """One option.

    Attributes
    ----------
    kind : Kind
        What it accepts.
    help : str
        What it does, in one phrase.
    none : str
        What None means, in words; empty if None is not accepted.
    limit : bool
        Whether it only limits time or memory, so that results do not depend on it.
    """

    kind: Kind
    help: str
    none: str = ""
    limit: bool = False

    @property
    def optional(self) -> bool:
        """Whether None is accepted."""
        return bool(self.none)

    def describe(self) -> str:
        """What it does, and what None means."""
        return self.help + (f"; None: {self.none}" if self.optional else "")

    def accepts(self, none: str = "None") -> str:
        """The accepted values in words; ``none`` is how None is written."""
        return self.kind.describe() + (f", or {none}" if self.optional else "")

    def parse(self, text: str) -> Any:
        """A value for ``check`` from the text of a flag."""
        return None if self.optional and text.lower() == "none" else self.kind.parse(text)

    def show(self, value: object) -> str:
        """A canonical value as it may be written in a flag."""
        return "none" if value is None else self.kind.show(value)

    def check(self, name: str, value: object) -> Any:
        """The value in its canonical type.

        Raises
        ------
        ValueError
            The message says the name, the value and what is accepted.
        """
        if value is None and self.optional:
            return None
        try:
            checked = self.kind.check(value)
        except ValueError as error:
            raise ValueError(f"{name}: {error}") from error
        if checked is None:
            raise ValueError(f"{name}={value!r}{self.kind.refusal(value, self.accepts())}")
        return checked


def option(default: Any, kind: Kind, help: str, *, none: str = "", limit: bool = False) -> Any:  # noqa: A002  as argparse calls it
    """A dataclass field that declares an option."""
    return field(default=default, metadata={"option": Option(kind, help, none, limit)})


def dashed(name: str) -> str:
    """The name of an option in flags and in configuration files."""
    return name.replace("_", "-")


def options_of(cls: type[Any]) -> dict[str, Option]:
    """The options that a dataclass declares, by name."""
    return {entry.name: entry.metadata["option"] for entry in fields(cls) if "option" in entry.metadata}


def defaults_of(cls: type[Any]) -> dict[str, Any]:
    """The defaults of the options that a dataclass declares, by name."""
    return {entry.name: entry.default for entry in fields(cls) if "option" in entry.metadata}


def check_all(instance: object, options: Mapping[str, Option]) -> None:
    """Replace the value of each option with the checked one, at construction."""
    for name, entry in options.items():
        object.__setattr__(instance, name, entry.check(name, getattr(instance, name)))


def check_names(function: str, given: Iterable[str], known: Iterable[str]) -> None:
    """Refuse keyword arguments that are not options.

    Raises
    ------
    TypeError
        The message names the function that was called and the nearest option.
    """
    known = list(known)
    for name in given:
        if name not in known:
            raise TypeError(f"{function}() has no option {name!r}{nearest_in(name, known)}")


def nearest_in(name: str, known: Iterable[str]) -> str:
    """The end of a message about an unknown name: the name that was probably meant, or all names."""
    known = list(known)
    return hint(name, known) or f"; the options are {', '.join(known)}"
