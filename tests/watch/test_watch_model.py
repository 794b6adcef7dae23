"""``kquant watch`` through any order of what people do to both folders: nothing of theirs is lost.

A model keeps in mind what each look may not change. The results are known beforehand: the same picture and
settings make the same bytes.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from functools import cache
from pathlib import Path

from dispatchers import DispatcherHarness, picture
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from kquant_hooks.assets.process import outcome_and_bytes
from kquant_hooks.options.policy import settings_and_policy

# The first two want the same name for their results.
SOURCES = st.sampled_from(["a.bmp", "a.dib", "sub/b.bmp"])
SEEDS = st.integers(0, 3)
NAMES = st.sampled_from(["a.png", "a-1.png", "sub/b.png"])
ORIGINALS = st.sampled_from(["keep", "archive", "delete"])
COLLISIONS = st.sampled_from(["suffix", "overwrite", "skip"])


@cache
def result(data: bytes, colors: int) -> bytes:
    made = outcome_and_bytes(
        Path("a.bmp"), *settings_and_policy({"colors": colors, "format": "png"}), Path("a.png"), data
    )[1]
    assert made is not None
    return made


class Folders(RuleBasedStateMachine):
    """What people do, and a look of the daemon's now and then."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.options = {"originals": "keep", "collision": "suffix"}
        self.colors = 4
        self.dispatcher = DispatcherHarness(self.folder, {"colors": 4}, **self.options)
        # What no look may change, whatever holds; and what none may unless it is asked to overwrite.
        self.retouched: dict[str, bytes] = {}
        self.others: dict[str, bytes] = {}

    def teardown(self) -> None:
        self.dispatcher.close()
        shutil.rmtree(self.folder)

    @rule(source=SOURCES, seeds=st.lists(SEEDS, min_size=1, max_size=2))
    def drop(self, source: str, seeds: list[int]) -> None:
        for seed in seeds:
            self.dispatcher.drop(source, picture(seed))
            self.look()

    @rule(source=SOURCES, seed=SEEDS)
    def drop_and_do_not_look_yet(self, source: str, seed: int) -> None:
        self.dispatcher.drop(source, picture(seed))

    @rule(source=SOURCES, seed=SEEDS)
    def write_over_with_its_time_set_back(self, source: str, seed: int) -> None:
        if (self.dispatcher.inbox / source).exists():
            self.dispatcher.rewrite(source, picture(seed))

    @rule(source=SOURCES, noticed=st.booleans())
    def remove(self, source: str, *, noticed: bool) -> None:
        (self.dispatcher.inbox / source).unlink(missing_ok=True)
        if noticed:
            self.dispatcher.gone(source)

    @rule(source=SOURCES)
    def change_its_mode(self, source: str) -> None:
        if (self.dispatcher.inbox / source).exists():
            (self.dispatcher.inbox / source).chmod(0o600)

    @rule(name=NAMES, data=st.binary(min_size=1, max_size=3))
    def write_a_result(self, name: str, data: bytes) -> None:
        """Retouch one, or put something there."""
        path = self.dispatcher.outbox / name
        kept = self.retouched if path.exists() and name not in self.others else self.others
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(data)
        kept[name] = data

    @rule(name=NAMES)
    def take_a_result(self, name: str) -> None:
        (self.dispatcher.outbox / name).unlink(missing_ok=True)
        self.retouched.pop(name, None)
        self.others.pop(name, None)

    @rule(originals=ORIGINALS, collision=COLLISIONS, colors=st.sampled_from([3, 4]))
    def start_with_other_options(self, originals: str, collision: str, colors: int) -> None:
        self.options, self.colors = {"originals": originals, "collision": collision}, colors
        self.start()

    @rule()
    def start(self) -> None:
        self.dispatcher.start({"colors": self.colors}, **self.options)

    def pictures(self) -> dict[str, bytes]:
        inbox = self.dispatcher.inbox
        found = (path for path in inbox.rglob("*") if path.is_file())
        return {str(path.relative_to(inbox)): path.read_bytes() for path in found}

    @rule()
    def look(self) -> None:
        before, results_before = self.pictures(), self.dispatcher.results()
        self.dispatcher.look()
        after, results = self.pictures(), self.dispatcher.results()
        overwrites = self.options["collision"] == "overwrite"
        for name, data in self.retouched.items():
            assert results[name] == data, "a retouched result was overwritten"
        for name, data in self.others.items():
            assert results[name] == data or overwrites, "what is not known was overwritten"
        for source, data in before.items():
            if source in after:
                assert after[source] == data
                continue
            assert self.options["originals"] != "keep"
            if self.options["originals"] == "archive":
                assert data in after.values(), "a picture was lost"
            # Two files that share a result overwrite it in turn.
            made = result(data, self.colors)
            names = [name for name, held in results.items() if held == made]
            assert names or overwrites, "a picture was removed without a result"
            if not overwrites:
                # The next one of this name is another picture.
                self.others |= {name: made for name in names if name not in self.retouched}
        if overwrites:
            self.others = {name: data for name, data in self.others.items() if results[name] == data}
        assert results_before.keys() <= results.keys()

    @rule()
    def look_twice(self) -> None:
        """Nothing is done without a reason."""
        self.look()
        results = self.dispatcher.results()
        for source in self.pictures():
            if not source.startswith("."):
                os.chmod(self.dispatcher.inbox / source, 0o640)  # noqa: PTH101
        self.start()
        assert self.dispatcher.look() == 0
        assert self.dispatcher.results() == results


Folders.TestCase.settings = settings(
    max_examples=60, stateful_step_count=20, suppress_health_check=list(HealthCheck)
)
TestFolders = Folders.TestCase
