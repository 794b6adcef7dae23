"""The one table of formats agrees with what is published of it."""

from __future__ import annotations

import yaml
from repositories import SOURCE

from kquant_hooks.documents.codec import codec_of
from kquant_hooks.formats.table import FORMATS, format_for_extension, written_formats


def test_the_hooks_take_the_files_that_can_be_rewritten():
    hooks = yaml.safe_load((SOURCE / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    tags = {row.tag for row in written_formats() if row.tag}
    assert [set(hook["types_or"]) for hook in hooks] == [tags, tags]


def test_every_row_has_a_codec():
    for row in FORMATS.values():
        codec = codec_of(row.name)
        assert callable(codec.read)
        assert not row.kinds or callable(codec.write), row.name


def test_formats_that_are_written_can_be_recognized():
    for row in written_formats():
        assert row.signatures, row.name
        assert format_for_extension(row.extensions[0].upper()) == row.name


def test_extensions_are_in_lower_case_and_have_a_dot():
    for row in FORMATS.values():
        assert all(name == name.lower() and name[0] == "." for name in row.extensions)
