"""The README is true: its code runs, its commands work, its tables are those of the code.

``python tests/test_readme.py --write`` puts the tables of the code into it.
"""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from PIL import Image

from kquant_hooks import KMeansQuantize, Palette
from kquant_hooks.cli import main
from kquant_hooks.config.document import load
from kquant_hooks.config.globs import MAX_GLOBS
from kquant_hooks.formats.table import written_formats
from kquant_hooks.images.modes import CONVERSIONS, MODES
from kquant_hooks.options.environment import VARIABLES
from kquant_hooks.options.kinds import Choice, Flag, Number
from kquant_hooks.options.limits import MOST_OF_ALL, MOST_OF_ONE
from kquant_hooks.options.option import defaults_of
from kquant_hooks.options.policy import POLICY_OPTIONS, Policy
from kquant_hooks.options.settings import OPTIONS, Settings
from kquant_hooks.options.watch import WATCH_OPTIONS, Watch
from kquant_hooks.palettes.files import FORMATS
from kquant_hooks.palettes.swatch import MAX_COLORS

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def table(header: list[str], rows: list[list[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def options_table() -> str:
    defaults = defaults_of(Settings)
    rows = [
        [f"`{name}`", option.accepts(), f"`{defaults[name]}`", option.describe()]
        for name, option in OPTIONS.items()
    ]
    return table(["option", "values", "default", "what it does"], rows)


def modes_table() -> str:
    rows = [[f"`{name}`", mode.note] for name, mode in MODES.items()]
    rows += [[f"`{name}`", f"refused; convert to `{target}` first"] for name, target in CONVERSIONS.items()]
    return table(["mode", "what is clustered"], rows)


def policy_table() -> str:
    defaults = defaults_of(Policy)
    rows = [
        [
            f"`--{name.replace('_', '-')}`",
            option.accepts(),
            f"`{option.show(defaults[name])}`",
            option.describe(),
        ]
        for name, option in POLICY_OPTIONS.items()
    ]
    return table(["option", "values", "default", "what it does"], rows)


def formats_table() -> str:
    rows = [
        [row.name, " ".join(f"`{name}`" for name in row.extensions), ", ".join(row.kinds), row.keeps]
        for row in written_formats()
    ]
    return table(["format", "extensions", "kinds", "what is kept"], rows)


def palettes_table() -> str:
    rows = [
        [
            entry.name,
            f"`{entry.key}`" if entry.write else "",
            " ".join(f"`{extension}`" for extension in entry.extensions),
            "yes" if entry.read else "no",
            "yes" if entry.write else "no",
            "yes" if entry.names else "no",
            entry.alpha or "no",
        ]
        for entry in FORMATS
    ]
    return table(["format", "`format`", "usual endings", "read", "written", "names", "alpha"], rows)


def watch_table() -> str:
    defaults = defaults_of(Watch)
    rows = [
        [
            "`--" + ("[no-]" if isinstance(option.kind, Flag) else "") + f"{name}`",
            option.accepts(),
            f"`{option.show(defaults[name])}`",
            option.describe(),
        ]
        for name, option in WATCH_OPTIONS.items()
    ]
    return table(["option", "values", "default", "what it does"], rows)


def environment_table() -> str:
    return table(["variable", "meaning"], [[f"`{name}`", text] for name, text in VARIABLES.items()])


TABLES = {
    "environment": environment_table,
    "watch": watch_table,
    "options": options_table,
    "modes": modes_table,
    "policy": policy_table,
    "formats": formats_table,
    "palettes": palettes_table,
}


@pytest.mark.parametrize("name", sorted(TABLES))
def test_tables_are_those_of_the_code(name):
    shown = re.search(rf"<!-- {name}: .*? -->\n(.*?)\n?<!-- end -->", README, re.DOTALL)
    assert shown is not None
    assert shown[1] == TABLES[name]()


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with the pictures and the palette that the README speaks of, as the current one."""
    (colors,) = re.findall(r"`sweetie-16.hex`:\n\n```\n(.*?)```", README, re.DOTALL)
    (tmp_path / "sweetie-16.hex").write_text(colors, encoding="utf-8")
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    shutil.copy(ROOT / "examples" / "lake.jpg", tmp_path / "photo.jpg")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


@pytest.mark.parametrize("code", blocks("python"))
def test_code_runs(code, folder):
    scope: dict[str, object] = {}
    exec(compile(code, "README.md", "exec"), scope)
    if "outcome" in scope:
        assert len(scope["outcome"].figures.palette) == 16
    if isinstance(scope.get("small"), Image.Image):
        assert len(scope["small"].getcolors()) == 5


def test_there_are_code_blocks_and_commands():
    assert len(blocks("python")) >= 2
    assert len(blocks("console")) >= 3


def test_commands_work(folder):
    for name in ("assets", "sprites"):
        shutil.copytree(folder / "examples", folder / name)
    Palette(["#1a1c2c"], ["ink"]).save("brand.gpl")
    commands = re.findall(r"kquant ((?:quantize|palette) .*?) *(?:# .*)?\n", "".join(blocks("console")))
    assert len(commands) >= 16
    for command in commands:
        if " - " in command:
            continue
        # After --in-place nothing is left for --check to complain of.
        assert main(shlex.split(command)) == ("compare" in command and "brand" in command), command
    with Image.open(folder / "out.png") as image:
        assert len(image.convert("RGB").getcolors()) == 5
    assert (folder / "small" / "strip.png").exists()
    assert len(Palette.load(folder / "sweetie-16.gpl")) == 16
    assert blocks("css") == [(folder / "theme.css").read_text(encoding="utf-8")]


def test_the_pipe_works(folder):
    (command,) = re.findall(r"cat .* \| kquant .*? *(?=#)", "".join(blocks("console")))
    program = f"{shlex.quote(sys.executable)} -m kquant_hooks"
    subprocess.run(command.replace("kquant", program, 1), shell=True, check=True, capture_output=True)
    with Image.open(folder / "photo.png") as image:
        assert len(image.convert("RGB").getcolors()) == 16


def test_the_watch_folder_works(folder):
    (folder / "inbox").mkdir()
    (folder / "photo.jpg").rename(folder / "inbox/photo.jpg")
    text = "".join(blocks("console"))
    for flag, said in (
        ("--once", "photo.jpg -> photo.png"),
        ("--status", "1 done"),
        ("--retry", "no file has failed"),
    ):
        (command,) = re.findall(rf"kquant (watch [^#\n]*{flag}[^#\n]*)", text)
        program = [sys.executable, "-m", "kquant_hooks", *shlex.split(command)]
        done = subprocess.run(program, capture_output=True, text=True, timeout=120)
        assert (done.returncode, done.stderr) == (0, "")
        assert said in done.stdout


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")
def test_the_service_is_one_that_systemd_takes(tmp_path):
    text = (ROOT / "examples/kquant-watch.service").read_text()
    command = re.search(r"^ExecStart=(\S+) (.*)$", text, re.MULTILINE)
    unit = tmp_path / "kquant-watch.service"
    unit.write_text(text.replace(command[1], sys.executable))
    done = subprocess.run(["systemd-analyze", "verify", str(unit)], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    inbox, outbox, *_ = command[2].split()[1:]
    assert f"ReadOnlyPaths={inbox}\n" in text
    assert f"ReadWritePaths={outbox}\n" in text
    # Whoever is killed for want of memory must not take the others with it.
    assert {"MemoryMax=4G", "OOMPolicy=continue", "ExecReload=/bin/kill -HUP $MAINPID"} <= set(
        text.splitlines()
    )


@pytest.mark.parametrize("text", blocks("yaml"))
def test_configurations_are_valid(text, tmp_path):
    path = tmp_path / "some.yaml"
    Palette(["#1a1c2c"]).save(tmp_path / "brand.gpl")
    path.write_text(text, encoding="utf-8")
    content = yaml.safe_load(text)
    if "repos" in content:
        subprocess.run([sys.executable, "-m", "pre_commit", "validate-config", str(path)], check=True)
    elif "jobs" in content:
        assert content["jobs"]["images"]["steps"][-1]["run"].startswith("pre-commit run kquant-check ")
    else:
        assert load(path).rules


def options_in(docstring: str) -> dict[str, str]:
    """The parameters that a numpydoc docstring describes, with their types."""
    section = re.search(r"Parameters\n    -+\n(.*?)\n\n    [A-Z]\w+\n    -+", docstring, re.DOTALL)
    return dict(re.findall(r"^    (\w+) : (.*)$", section[1], re.MULTILINE))


def test_the_filters_docstring_describes_every_option_with_its_choices():
    described = options_in(KMeansQuantize.__doc__)
    assert list(described) == list(OPTIONS)
    for name, option in OPTIONS.items():
        assert ("optional" in described[name]) == option.optional, name
        if isinstance(option.kind, Choice):
            choices = ", ".join(f'"{choice}"' for choice in option.kind.choices)
            assert described[name] == f"{{{choices}}}", name
        if isinstance(option.kind, Number) and option.kind.high is not None:
            text = re.search(rf"^    {name} : .*\n((?: {{8}}.*\n)+)", KMeansQuantize.__doc__, re.MULTILINE)
            assert f"{option.kind.low}..{option.kind.high}" in text[1], name


def test_the_docstring_of_save_names_the_formats_that_are_written():
    named = re.search(r"One of (.*?)\.\n", Palette.save.__doc__, re.DOTALL)
    assert re.findall(r'"(\w+)"', named[1]) == [entry.key for entry in FORMATS if entry.write]


def test_the_limits_in_the_security_policy_are_those_of_the_code():
    text = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
    policy = Policy()
    limits = {
        f"{MOST_OF_ONE:,}": "pixels of one picture",
        f"{MOST_OF_ALL:,}": "pixels of all frames",
        f"{policy.timeout / 60:g} minutes": "time for one file",
        f"{policy.max_memory >> 30} GiB": "memory for one file",
        f"{MAX_COLORS} colours": "palette file",
        f"{MAX_GLOBS} globs": ".kquant.yaml",
    }
    for limit, what in limits.items():
        (row,) = (line for line in text.splitlines() if line.startswith("|") and what in line)
        assert limit.replace(",", " ") in row


def test_files_it_links_to_exist():
    for target in re.findall(r"\]\(([^)#:]+)\)", README):
        assert (ROOT / target).exists(), target


def write_tables() -> None:
    text = README
    for name, made in TABLES.items():
        text = re.sub(
            rf"(<!-- {name}: .*? -->\n).*?(?=<!-- end -->)",
            lambda found, made=made: f"{found[1]}{made()}\n",
            text,
            flags=re.DOTALL,
        )
    (ROOT / "README.md").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    if sys.argv[1:] != ["--write"]:
        sys.exit("usage: python tests/test_readme.py --write")
    write_tables()
