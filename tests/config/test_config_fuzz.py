"""Any content of ``.kquant.yaml`` is a configuration, or is refused in one sentence, and quickly."""

from __future__ import annotations

import subprocess
import sys

import pytest
from places import SUPPORT

# In wall-clock time, which includes that of other programs.
DEADLINE = 600


@pytest.mark.skipif(sys.platform != "linux", reason="limits of memory as Linux has them")
@pytest.mark.parametrize("seed", ["one", "two"])
def test_hostile_texts_give_a_configuration_or_one_sentence(seed, tmp_path):
    command = [sys.executable, str(SUPPORT / "hostile_yaml.py"), seed, str(tmp_path)]
    result = subprocess.run(command, capture_output=True, text=True, timeout=DEADLINE)
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
