"""Memory in addition to the decoded picture is bounded for all pixels; measured in a separate process."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

# The peak memory of a process is reset, so that it does not include drawing the picture.
pytestmark = pytest.mark.skipif(
    not Path("/proc/self/clear_refs").exists(), reason="needs Linux, whose kernel tells of a process's peak"
)

CODE = """
import sys
from pathlib import Path
import numpy as np
from PIL import Image
from kquant_hooks import KMeansQuantize, learn_palette, quantize

def resident(key):
    lines = Path("/proc/self/status").read_text().splitlines()
    return 1024 * int(next(line for line in lines if line.startswith(key)).split()[1])

def pixels(kind, top, bands):
    if kind == "noise":
        return random.bytes(200_000 * bands)
    y, x = np.mgrid[top : top + 100, :2000]
    ramps = [x * 255 // 1999, y * 255 // 1499, (x + y) % 256, x * 7 // 3 % 254 + 1]
    return np.stack(ramps[:bands], axis=2).astype(np.uint8).tobytes()

kind, mode, call = sys.argv[1:]
bands = len(Image.new(mode, (1, 1)).getbands())
image = Image.new(mode, (2000, 1500))
random = np.random.default_rng(1)
for top in range(0, 1500, 100):
    image.paste(Image.frombytes(mode, (2000, 100), pixels(kind, top, bands)), (0, top))
quantize(Image.new("L", (9, 9)), 2)
Path("/proc/self/clear_refs").write_text("5")
before = resident("VmRSS")
eval(call)
print(resident("VmHWM") - before)
"""


# Nearly all of three million pixels differ. If every colour is listed, they take 270 to 740 MB.
@pytest.mark.parametrize(
    ("kind", "mode", "call"),
    [
        ("gradient", "RGBA", "quantize(image, 16)"),
        ("noise", "RGBA", "quantize(image, 16, effort='fast', keep_hidden_rgb=True)"),
        ("noise", "RGBA", "image.filter(KMeansQuantize(16, effort='fast', space='oklab'))"),
        ("noise", "RGB", "quantize(image, 16, dither='bayer-2')"),
        ("noise", "CMYK", "image.filter(KMeansQuantize(16))"),
        ("gradient", "RGBA", "learn_palette([image, image.rotate(180)], 16, effort='fast')"),
    ],
)
def test_a_picture_of_millions_of_colours_takes_no_more_memory(kind, mode, call):
    command = [sys.executable, "-c", CODE, kind, mode, call]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) < 200e6
