"""``kquant watch``: a new version repeats no work, and leaves ledgers of later versions alone."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import fields, make_dataclass

import pytest
from dispatchers import DispatcherHarness, picture

from kquant_hooks.options.option import option
from kquant_hooks.options.policy import Policy
from kquant_hooks.options.settings import Settings
from kquant_hooks.palettes.palette import Palette
from kquant_hooks.watch.damage import LedgerError
from kquant_hooks.watch.fingerprint import fingerprint, is_first_fingerprint

# As the first version created them.
OLD_TABLES = """
CREATE TABLE IF NOT EXISTS files (
    source BLOB PRIMARY KEY, size INTEGER, mtime_ns INTEGER, inode INTEGER, fingerprint TEXT,
    target BLOB, state TEXT, reason TEXT
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS targets ON files (target);
CREATE TABLE IF NOT EXISTS about (name TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID;
"""
# And its fingerprints of some settings.
OLD_WORDS = [
    ({"colors": 4}, "eb42a0680c573b90"),
    (
        {"colors": 8, "dither": "bayer", "threads": 2, "max_pixels": 10**6, "tol": 0.5},
        "47cd55bbb83f2f8b",
    ),
    ({"colors": 4, "palette": ["#000", "#f008"]}, "607ffad873d2fc37"),
]


@pytest.fixture
def harness(tmp_path):
    made = DispatcherHarness(tmp_path)
    yield made
    made.close()


def downgrade(harness: DispatcherHarness, word: str) -> None:
    """Replace the new ledger by an old one of the same files."""
    entries = list(harness.ledger.entries())
    harness.close()
    path = harness.outbox / ".kquant/ledger.sqlite3"
    path.unlink()
    with closing(sqlite3.connect(path)) as database, database:
        database.executescript(OLD_TABLES)
        for entry in entries:
            sample = entry.sample
            values = entry.source.encode(), sample.size, sample.mtime_ns, sample.inode, word
            values += entry.target.encode(), entry.state, entry.reason
            database.execute("INSERT INTO files VALUES (?, ?, ?, ?, ?, ?, ?, ?)", values)
        database.execute("INSERT INTO about VALUES ('name', CAST('a name' AS BLOB))")


@pytest.mark.parametrize(("options", "word"), OLD_WORDS)
def test_an_old_ledger_is_taken_over_and_nothing_is_done_again(options, word, harness):
    harness.start(options)
    for name, data in (("a.bmp", picture(1)), ("sub/b.bmp", picture(2)), ("c.bmp", b"no picture")):
        harness.drop(name, data)
    harness.look()
    results = harness.results()
    downgrade(harness, word)
    harness.start(options)
    assert harness.look() == 0
    assert harness.log.count("failed") == 1
    assert harness.results() == results
    assert harness.ledger.about()["name"] == "a name"
    # It has the current fingerprint, and the next start is an ordinary one.
    for entry in harness.ledger.entries():
        assert entry.fingerprint.startswith("1:")
        assert entry.sample == harness.sample(entry.source)
    harness.start(options)
    assert harness.look() == 0
    harness.start({**options, "colors": 3, "palette": None})
    assert harness.look() == 2


@pytest.mark.parametrize("collision", ["suffix", "overwrite"])
def test_results_of_an_old_ledger_may_have_been_changed_and_are_kept(collision, harness):
    harness.drop("a.bmp", picture(1))
    harness.look()
    downgrade(harness, OLD_WORDS[0][1])
    theirs = b"what somebody painted"
    (harness.outbox / "a.png").write_bytes(theirs)
    harness.start(collision=collision)
    assert harness.look() == 0
    harness.drop("a.bmp", picture(2))
    assert harness.look() == 1
    assert harness.results()["a.png"] == theirs
    assert set(harness.results()) == {"a.png", "a-1.png"}


def test_originals_of_an_old_ledger_are_read_before_they_are_removed(harness):
    harness.drop("a.bmp", picture(1))
    harness.look()
    downgrade(harness, OLD_WORDS[0][1])
    harness.rewrite("a.bmp", picture(2))
    first = harness.results()["a.png"]
    harness.start(originals="delete")
    assert harness.look() == 1
    assert harness.results()["a.png"] == first
    assert len(harness.results()) == 2


def with_another_option(values: object, shine: float = 0.5) -> object:
    """Options as a later version may have them."""
    new = [("shine", float, option(0.5, kind="number", help="a new option"))]
    kind = make_dataclass(type(values).__name__, new, bases=(type(values),), frozen=True, repr=False)
    return kind(**{entry.name: getattr(values, entry.name) for entry in fields(values)}, shine=shine)


@pytest.mark.parametrize("limits", [False, True])
def test_a_new_option_changes_no_word_while_it_has_its_default(limits):
    settings, policy = Settings(4, dither="bayer"), Policy(format="png", max_error=5)
    before = fingerprint(settings, policy, limits=limits)
    assert fingerprint(with_another_option(settings), policy, limits=limits) == before
    assert fingerprint(settings, with_another_option(policy), limits=limits) == before
    assert fingerprint(with_another_option(settings, 0.75), policy, limits=limits) != before
    assert fingerprint(settings, with_another_option(policy, 0.75), limits=limits) != before


def test_a_new_option_changes_no_word_of_an_old_ledger_while_it_has_its_default():
    settings, policy, word = Settings(4), Policy(format="png"), OLD_WORDS[0][1]
    assert is_first_fingerprint(word, with_another_option(settings), with_another_option(policy))
    assert not is_first_fingerprint(word, with_another_option(settings, 0.75), policy)
    assert not is_first_fingerprint(word, settings, with_another_option(policy, 0.75))
    # Options that do not change results do not count.
    assert is_first_fingerprint(word, settings, Policy(format="png", timeout=5))


def test_what_results_do_not_depend_on_is_in_no_word():
    plain, limited = Policy(), Policy(max_pixels=5, timeout=60)
    assert fingerprint(Settings(4, threads=3), limited) == fingerprint(Settings(4), plain)
    # A file that exceeded a limit is tried again with another limit.
    assert fingerprint(Settings(4), limited, limits=True) != fingerprint(Settings(4), plain, limits=True)
    named = Palette(["#000", "#fff"], ["black", "white"])
    assert fingerprint(Settings(palette=named), plain) == fingerprint(
        Settings(palette=["#000", "#fff"]), plain
    )


def test_words_are_the_same_for_ever():
    """Ledgers contain these: if they change, all files are processed again."""
    settings = Settings(16, palette=["#000", "#fff8"], dither="bayer", dither_strength=0.5)
    policy = Policy(format="png", min_savings="5%", max_error=20, strip=True)
    assert fingerprint(Settings(), Policy()) == "1:44136fa355b3678a1146ad16f7e8649e"
    assert fingerprint(settings, policy) == "1:55482489dfd07a8d74c7f2592a31b22e"


def test_a_ledger_of_a_later_version_is_left_alone(harness):
    harness.drop("a.bmp", picture(1))
    harness.look()
    harness.close()
    path = harness.outbox / ".kquant/ledger.sqlite3"
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA user_version=2")
    before = path.read_bytes()
    with pytest.raises(LedgerError, match="has version 2, but this kquant supports at most 1"):
        harness.start()
    assert path.read_bytes() == before
