"""``kquant watch``: a damaged or forged ledger is refused with a sentence."""

from __future__ import annotations

import os
import random
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from dispatchers import DispatcherHarness, picture

from kquant_hooks.cli import main
from kquant_hooks.watch.damage import describe_ledger_error, is_transient

FILE = ".kquant/ledger.sqlite3"


@pytest.fixture
def harness(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    made = DispatcherHarness(tmp_path)
    for number in range(3):
        made.drop(f"xxx{number}.bmp", picture(number))
    made.drop("broken.bmp", b"no picture")
    made.look()
    made.ledger.note(name="a name", process=1, started=1.5, inbox=made.inbox, recursive=True)
    made.close()
    yield made
    made.close()


def damaged(data: bytes, draw: random.Random) -> bytes:
    """Damage it as disks, copies and people do."""
    spoilt = bytearray(data)
    page = 4096
    at = draw.randrange(len(data))
    match draw.randrange(6):
        case 0:
            for _ in range(draw.choice([1, 4, 40])):
                spoilt[draw.randrange(len(data))] = draw.randrange(256)
        case 1:
            del spoilt[at:]
        case 2:
            spoilt[at // page * page : (at // page + 1) * page] = bytes(page)
        case 3:
            other = draw.randrange(len(data)) // page * page
            spoilt[at // page * page : (at // page + 1) * page] = data[other : other + page]
        case 4:
            spoilt[at : at + 64] = draw.randbytes(64)
        case 5:
            # Change the values, and not the structure around them.
            old = draw.choice([b"done", b"xxx", b".png", b".bmp", b"1:"])
            new = draw.choice([b"../.", b"\0\0\0\0", b"/etc", b"\xff\xfe\xfd\xfc", b"DONE"])
            return data.replace(old, new[: len(old)])
    return bytes(spoilt)


def outcomes(harness: DispatcherHarness, capsys: pytest.CaptureFixture[str]) -> list[str]:
    """What every reader of a ledger says about it; none raises an exception."""
    said = []
    for command in (["--status", "out"], ["--status", "out", "--json"], ["--retry", "out"]):
        code = main(["watch", *command])
        captured = capsys.readouterr()
        assert code in (0, 3)
        assert captured.err.count("\n") == (not captured.out)
        said.append(captured.err)
    try:
        harness.start()
        harness.look()
    except sqlite3.Error as error:
        said.append(describe_ledger_error(error, harness.outbox / ".kquant"))
    finally:
        harness.close()
    return said


@pytest.mark.parametrize("seed", range(4))
def test_random_damages_are_sentences(seed, harness, tmp_path, capsys):
    draw = random.Random(seed)
    whole = (harness.outbox / FILE).read_bytes()
    before = {path: path.read_bytes() for path in tmp_path.rglob("*.png")}
    refused = 0
    for _ in range(15):
        for path in (harness.outbox / ".kquant").iterdir():
            path.unlink()
        (harness.outbox / FILE).write_bytes(damaged(whole, draw))
        refused += any("damaged" in said for said in outcomes(harness, capsys))
        assert before.items() <= {path: path.read_bytes() for path in tmp_path.rglob("*.png")}.items()
    assert refused


def path(text: str) -> str:
    """A path as an SQL literal."""
    return f"x'{text.encode().hex()}'"


ONE = f"WHERE source = {path('broken.bmp')}"
ELSEWHERE = [
    "../victim", "/victim", "a/../../victim", "a//b", ".", "", ".kquant/lock.sqlite3", "a/.KQUANT/b", "a\0b",
]  # fmt: skip
CHANGES = [
    *(f"UPDATE files SET source = {path(name)} {ONE}" for name in ELSEWHERE),
    *(f"UPDATE files SET target = {path(name)}" for name in filter(None, ELSEWHERE)),
    *(f"UPDATE OR REPLACE results SET target = {path(name)}" for name in ELSEWHERE),
    *(f"UPDATE results SET source = {path(name)}" for name in ELSEWHERE),
    *(
        f"UPDATE files SET {column} = NULL {ONE}"
        for column in ("size", "mtime_ns", "inode", "ctime_ns", "fingerprint", "target", "state", "reason")
    ),
    *(f"UPDATE files SET {column} = 'many'" for column in ("size", "inode", "state", "digest", "made")),
    "UPDATE files SET size = 1.5",
    "UPDATE files SET size = -2",
    "UPDATE files SET reason = CAST(x'ff' AS TEXT)",
    "UPDATE results SET digest = 'abc'",
    "UPDATE results SET digest = NULL",
    "UPDATE about SET value = 'x' WHERE name = 'process'",
    "UPDATE about SET value = 'nan' WHERE name = 'started'",
    "UPDATE about SET value = '1e300' WHERE name = 'started'",
    "UPDATE about SET value = x'ff00' WHERE name = 'inbox'",
    "ALTER TABLE files ADD COLUMN more",
    "ALTER TABLE files DROP COLUMN made",
    "DROP TABLE results",
    "DROP INDEX owners",
    "CREATE TABLE more (a)",
    "CREATE VIEW more AS SELECT 1",
    "CREATE TRIGGER more AFTER UPDATE ON results BEGIN DELETE FROM files; END",
    "PRAGMA user_version = 0",
    "PRAGMA user_version = -1",
]


@pytest.mark.parametrize("change", CHANGES)
def test_what_no_kquant_writes_is_refused(change, harness, tmp_path, capsys):
    (tmp_path / "victim").write_text("mine")
    with closing(sqlite3.connect(harness.outbox / FILE)) as database, database:
        database.execute(change)
    said = outcomes(harness, capsys)
    assert len(said) == 4
    for sentence in said:
        folder = "out" if sentence.startswith("kquant") else harness.outbox
        assert f"the ledger in {folder}/.kquant is damaged (" in sentence
        assert "move that folder away to process all files again, under new names" in sentence
    assert (tmp_path / "victim").read_text() == "mine"
    # The suggested way out works.
    shutil.move(harness.outbox / ".kquant", tmp_path / "aside")
    (harness.outbox / ".kquant").mkdir()
    harness.start()
    assert harness.look() == 3


def linked(path: Path) -> None:
    """A link to a valid copy of the file."""
    aside = path.parents[2] / "elsewhere"
    shutil.move(path, aside)
    path.symlink_to(aside)


def piped(path: Path) -> None:
    path.unlink(missing_ok=True)
    os.mkfifo(path)


def emptied(path: Path) -> None:
    path.unlink(missing_ok=True)
    path.mkdir()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes and links of Unix")
@pytest.mark.parametrize("become", [linked, piped, emptied])
@pytest.mark.parametrize("name", ["ledger.sqlite3", "ledger.sqlite3-wal", "lock.sqlite3"])
def test_anything_but_a_file_is_refused(become, name, harness, capfd):
    path = harness.outbox / ".kquant" / name
    path.touch()
    become(path)
    for command in (["--status", "out"], ["--retry", "out"], ["in", "out", "--once", "--settle", "0s"]):
        assert main(["watch", *command]) in (2, 3)
        captured = capfd.readouterr()
        said = captured.out + captured.err
        assert "is not a regular file; move it away" in said or "it has no .kquant ledger" in said
        assert said.count("\n") == 1


def test_a_folder_of_the_state_that_is_a_link_is_refused(harness, tmp_path, capfd):
    (tmp_path / "elsewhere").mkdir()
    shutil.rmtree(harness.outbox / ".kquant")
    (harness.outbox / ".kquant").symlink_to(tmp_path / "elsewhere")
    for command in (["--status", "out"], ["--retry", "out"], ["in", "out", "--once", "--settle", "0s"]):
        assert main(["watch", *command]) in (2, 3)
    assert list((tmp_path / "elsewhere").iterdir()) == []
    assert capfd.readouterr().out.endswith("cannot be used: .kquant is not a folder; move it away\n")


def test_a_temporary_error_is_not_damage():
    assert is_transient(sqlite3.OperationalError("disk is full"))
    assert not is_transient(sqlite3.DatabaseError("file is not a database"))
