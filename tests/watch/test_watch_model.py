"""``kquant watch`` through any order of user actions in both folders: no file of a user is lost.

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
    """User actions, with scans of the daemon in between."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.options = {"originals": "keep", "collision": "suffix"}
        self.colors = 4
        self.harness = DispatcherHarness(self.folder, {"colors": 4}, **self.options)
        # What no scan may change; and what no scan may change unless it is asked to overwrite.
        self.retouched: dict[str, bytes] = {}
        self.others: dict[str, bytes] = {}

    def teardown(self) -> None:
        self.harness.close()
        shutil.rmtree(self.folder)

    @rule(source=SOURCES, seeds=st.lists(SEEDS, min_size=1, max_size=2))
    def drop(self, source: str, seeds: list[int]) -> None:
        for seed in seeds:
            self.harness.drop(source, picture(seed))
            self.look()

    @rule(source=SOURCES, seed=SEEDS)
    def drop_and_do_not_look_yet(self, source: str, seed: int) -> None:
        self.harness.drop(source, picture(seed))

    @rule(source=SOURCES, seed=SEEDS)
    def write_over_with_its_time_set_back(self, source: str, seed: int) -> None:
        if (self.harness.inbox / source).exists():
            self.harness.rewrite(source, picture(seed))

    @rule(source=SOURCES, noticed=st.booleans())
    def remove(self, source: str, *, noticed: bool) -> None:
        (self.harness.inbox / source).unlink(missing_ok=True)
        if noticed:
            self.harness.gone(source)

    @rule(source=SOURCES)
    def change_its_mode(self, source: str) -> None:
        if (self.harness.inbox / source).exists():
            (self.harness.inbox / source).chmod(0o600)

    @rule(name=NAMES, data=st.binary(min_size=1, max_size=3))
    def write_a_result(self, name: str, data: bytes) -> None:
        """Retouch a result, or put another file there."""
        path = self.harness.outbox / name
        kept = self.retouched if path.exists() and name not in self.others else self.others
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(data)
        kept[name] = data

    @rule(name=NAMES)
    def take_a_result(self, name: str) -> None:
        (self.harness.outbox / name).unlink(missing_ok=True)
        self.retouched.pop(name, None)
        self.others.pop(name, None)

    @rule(originals=ORIGINALS, collision=COLLISIONS, colors=st.sampled_from([3, 4]))
    def start_with_other_options(self, originals: str, collision: str, colors: int) -> None:
        self.options, self.colors = {"originals": originals, "collision": collision}, colors
        self.start()

    @rule()
    def start(self) -> None:
        self.harness.start({"colors": self.colors}, **self.options)

    def pictures(self) -> dict[str, bytes]:
        inbox = self.harness.inbox
        found = (path for path in inbox.rglob("*") if path.is_file())
        return {str(path.relative_to(inbox)): path.read_bytes() for path in found}

    @rule()
    def look(self) -> None:
        before, results_before = self.pictures(), self.harness.results()
        self.harness.look()
        after, results = self.pictures(), self.harness.results()
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
                # The next file of this name is another picture.
                self.others |= {name: made for name in names if name not in self.retouched}
        if overwrites:
            self.others = {name: data for name, data in self.others.items() if results[name] == data}
        assert results_before.keys() <= results.keys()

    @rule()
    def look_twice(self) -> None:
        """The daemon does nothing without a reason."""
        self.look()
        results = self.harness.results()
        for source in self.pictures():
            if not source.startswith("."):
                os.chmod(self.harness.inbox / source, 0o640)  # noqa: PTH101
        self.start()
        assert self.harness.look() == 0
        assert self.harness.results() == results


Folders.TestCase.settings = settings(
    max_examples=60, stateful_step_count=20, suppress_health_check=list(HealthCheck)
)
TestFolders = Folders.TestCase
