"""Only the version of an original that has a result is removed, however soon the next one follows."""

from __future__ import annotations

import os

import pytest

from kquant_hooks.watch import originals
from kquant_hooks.watch.folder import sample_of

ARCHIVES = pytest.mark.parametrize("archive", [False, True])


@ARCHIVES
@pytest.mark.parametrize("links", [True, False])
def test_a_version_that_arrives_while_the_last_one_is_removed_is_brought_back(
    archive, links, tmp_path, monkeypatch
):
    path = tmp_path / "a.png"
    path.write_bytes(b"one")
    version = sample_of(str(path))
    reserved_name = originals._reserved_name

    def late(*arguments):
        (tmp_path / "next").write_bytes(b"two!")
        (tmp_path / "next").rename(path)
        return reserved_name(*arguments)

    def no_links(*_, **__):
        raise PermissionError(1, "no hard links here")

    monkeypatch.setattr(originals, "_reserved_name", late)
    if not links:
        monkeypatch.setattr(os, "link", no_links)
    assert not originals.remove_original(tmp_path, "a.png", version, archive=archive)
    assert path.read_bytes() == b"two!"
    assert list((tmp_path / ".originals").iterdir()) == []


@ARCHIVES
def test_another_version_stays(archive, tmp_path):
    path = tmp_path / "a.png"
    path.write_bytes(b"one")
    version = sample_of(str(path))
    path.write_bytes(b"two!")
    assert not originals.remove_original(tmp_path, "a.png", version, archive=archive)
    assert path.read_bytes() == b"two!"


def test_an_archive_that_is_a_link_takes_nothing(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "in/.originals").symlink_to(tmp_path / "elsewhere")
    path = tmp_path / "in/a.png"
    path.write_bytes(b"one")
    with pytest.raises(OSError, match="symbolic link"):
        originals.remove_original(tmp_path / "in", "a.png", sample_of(str(path)), archive=False)
    assert path.read_bytes() == b"one"
    assert list((tmp_path / "elsewhere").iterdir()) == []
