"""Files are replaced completely or not at all, and new ones are written."""

from __future__ import annotations

import io
import os
import stat

import pytest
from drawings import saved, tiff_pages
from files import (
    rewrite,
    state,
)
from photos import draw_photo
from PIL import Image

from kquant_hooks import quantize
from kquant_hooks.assets import convert
from kquant_hooks.assets.process import process
from kquant_hooks.disk import atomic, rename
from kquant_hooks.disk.folder import open_folder as folder_at
from kquant_hooks.options.policy import Policy
from kquant_hooks.options.settings import Settings

# Replacing a file.


def test_mode_and_owner_are_kept(photo_file):
    photo_file.chmod(0o755)
    if os.geteuid() == 0:
        os.chown(photo_file, 1234, 2345)
    owner = photo_file.stat()
    assert rewrite(photo_file).status == "rewritten"
    found = photo_file.stat()
    assert stat.S_IMODE(found.st_mode) == 0o755
    assert (found.st_uid, found.st_gid) == (owner.st_uid, owner.st_gid)


def test_file_and_folder_are_synced_before_and_after_the_rename(photo_file, monkeypatch):
    calls = []
    sync, publish = os.fsync, atomic._publish

    def record_sync(handle):
        calls.append("folder" if stat.S_ISDIR(os.fstat(handle).st_mode) else "file")
        sync(handle)

    def record_rename(*arguments, **options):
        calls.append("rename")
        return publish(*arguments, **options)

    monkeypatch.setattr(os, "fsync", record_sync)
    monkeypatch.setattr(atomic, "_publish", record_rename)
    rewrite(photo_file)
    assert calls == ["file", "rename", "folder"]


@pytest.mark.parametrize("call", ["_sync", "keep_attributes", "exchange"])
@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), PermissionError(1, "not allowed")])
def test_no_failure_leaves_anything(call, error, photo_file, tmp_path, monkeypatch):
    def fail(*_arguments):
        raise error

    monkeypatch.setattr(atomic, call, fail)
    before = state(tmp_path)
    outcome = rewrite(photo_file)
    assert (outcome.status, outcome.reason) == ("failed", f"cannot be written: {error.strerror}")
    assert state(tmp_path) == before


def test_windows_sharing_errors_are_tried_again(tmp_path, monkeypatch):
    replace, failures = os.replace, [PermissionError(13, "in use")] * 2

    def stubborn(*arguments, **options):
        if failures:
            raise failures.pop()
        return replace(*arguments, **options)

    monkeypatch.setattr(os, "replace", stubborn)
    monkeypatch.setattr(rename.os, "name", "nt")
    monkeypatch.setattr(rename, "_SHARING_SECONDS", 0)
    (tmp_path / "a.png").touch()
    with folder_at(tmp_path) as folder:
        rename.rename(folder, "a.png", "other.png")
    assert [path.name for path in tmp_path.iterdir()] == ["other.png"]


def test_a_file_that_is_replaced_while_it_is_worked_on_is_left(photo_file, tmp_path, monkeypatch):
    work = convert.convert

    def slow(*arguments):
        photo_file.write_bytes(b"a newer version")
        return work(*arguments)

    monkeypatch.setattr(convert, "convert", slow)
    outcome = rewrite(photo_file)
    assert outcome.status == "failed"
    assert "changed while it was being processed" in outcome.reason
    assert [(name, data) for name, (data, _) in state(tmp_path).items()] == [
        ("photo.png", b"a newer version")
    ]


def test_a_read_only_file_is_left(photo_file, tmp_path):
    photo_file.chmod(0o444)
    before = state(tmp_path)
    assert rewrite(photo_file).reason == "cannot be written: Permission denied"
    assert state(tmp_path) == before


# New files.


def test_a_result_that_exists_is_only_overwritten_by_force(photo_file, tmp_path):
    target = tmp_path / "out.png"
    target.write_bytes(b"precious")
    outcome = process(photo_file, Settings(5), Policy(), target=target)
    assert outcome.status == "failed"
    assert "--force" in outcome.reason
    assert target.read_bytes() == b"precious"
    assert process(photo_file, Settings(5), Policy(), target=target, force=True).status == "rewritten"
    stamp = target.stat().st_mtime_ns
    assert process(photo_file, Settings(5), Policy(), target=target).status == "unchanged"
    assert target.stat().st_mtime_ns == stamp


def test_few_colours_become_an_indexed_file_or_a_copy(tmp_path):
    flat = tmp_path / "flat.png"
    Image.new("RGB", (300, 300), "red").save(flat, compress_level=0)
    target = tmp_path / "out.png"
    assert process(flat, Settings(5), Policy(), target=target).figures.psnr == float("inf")
    with Image.open(target) as image:
        assert image.mode == "P"
    again = tmp_path / "again.png"
    outcome = process(target, Settings(5), Policy(), target=again)
    assert "copied: " in outcome.reason
    assert again.read_bytes() == target.read_bytes()


def test_pages_are_never_flattened(tmp_path):
    path = tmp_path / "pages.tiff"
    path.write_bytes(tiff_pages())
    outcome = process(path, Settings(5), Policy(), target=tmp_path / "out.png")
    assert outcome.reason == "it has 3 pages, which PNG cannot hold; give another format"
    assert not (tmp_path / "out.png").exists()


def test_a_dry_run_does_everything_but_write(photo_file, tmp_path):
    before = state(tmp_path)
    outcome = process(photo_file, Settings(5), Policy(), dry_run=True)
    assert outcome.status == "would-rewrite"
    assert state(tmp_path) == before
    assert rewrite(photo_file).bytes_after == outcome.bytes_after == photo_file.stat().st_size


def test_the_same_bytes_as_pillow_would_show():
    """Our own writer of PNG writes what the library returns."""
    image = draw_photo()
    done = convert.convert(saved(image, "PNG"), Settings(7, order="lightness"), Policy())
    with Image.open(io.BytesIO(done.data)) as found:
        assert found.tobytes() == quantize(image, 7, order="lightness").image.tobytes()


@pytest.mark.parametrize("mode", ["RGB", "P"])
def test_an_order_that_nobody_chose_is_what_makes_a_png_smaller(mode):
    image = draw_photo() if mode == "RGB" else draw_photo().quantize(200)
    data, ordered = (
        convert.convert(saved(image, "PNG"), Settings(60, order=order), Policy()).data
        for order in ("given", "lightness")
    )
    with Image.open(io.BytesIO(data)) as found:
        assert found.convert("RGB").tobytes() == quantize(image, 60).image.convert("RGB").tobytes()
        kept = found.getpalette() == quantize(image, 60).image.getpalette()
    # A user has chosen the order of that palette.
    assert kept == (mode == "P")
    assert mode == "P" or len(data) < len(ordered)
