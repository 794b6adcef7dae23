"""The shape of the house: who imports whom, and what importing costs."""

from __future__ import annotations

import ast
import subprocess
import sys
from dataclasses import fields
from importlib import import_module
from importlib.resources import files
from pathlib import Path

import pytest
from PIL import Image

import kquant_hooks

PACKAGE = Path(kquant_hooks.__file__).parent
# Each may import what stands before it; parts on one line do not know each other.
LAYERS = [
    ["disk", "processes", "clustering", "formats"],
    ["palettes"],
    ["options"],
    ["quantizer"],
    ["images"],
    ["documents"],
    ["assets"],
    ["filter", "files", "report", "config"],
    ["watch"],
    ["commands"],
    ["cli"],
    ["__main__"],
]
RANKS = {name: rank for rank, names in enumerate(LAYERS) for name in names}
# Third-party packages and the parts that may import them.
ALLOWED = {
    "PIL": {"palettes", "images", "documents", "assets", "filter"},
    "numpy": {"palettes", "clustering", "quantizer", "images", "documents"},
    "rich": {"report"},
    "oxipng": {"documents"},
    "yaml": {"config"},
    "bracex": {"config"},
    "watchdog": {"watch"},
}

SOURCES = [path for path in PACKAGE.rglob("*.py") if path != PACKAGE / "__init__.py"]


def part_of(path: Path) -> str:
    return path.relative_to(PACKAGE).with_suffix("").parts[0]


def imports_of(path: Path) -> set[str]:
    """Names of the modules that a file imports, anywhere in it."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} has a relative import"
            names.add(node.module or "")
    return names


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_run_one_way(path):
    part, shown = part_of(path), path.relative_to(PACKAGE)
    assert part in RANKS, f"{shown}: add '{part}' to LAYERS, and to the map in CONTRIBUTING.md"
    for name in imports_of(path):
        package, _, inner = name.partition(".")
        if package == "kquant_hooks":
            other = inner.partition(".")[0]
            assert other == part or RANKS[other] < RANKS[part], (
                f"{shown} imports {name}, which is above or beside it in LAYERS; move what both need below"
            )
        elif package not in sys.stdlib_module_names:
            assert part in ALLOWED.get(package, set()), (
                f"{shown} imports {name}; import it in one of {sorted(ALLOWED.get(package, []))} instead"
            )


def test_commands_do_not_know_each_other():
    """But for how flags are made, which is for all of them."""
    for path in (PACKAGE / "commands").rglob("*.py"):
        own = ".".join(path.relative_to(PACKAGE).with_suffix("").parts[:2])
        for name in imports_of(path):
            if name.startswith("kquant_hooks.commands."):
                other = ".".join(name.split(".")[1:3])
                assert other in (own, "commands.arguments"), (
                    f"{path} imports {name}; move what both need below"
                )


def test_every_module_is_on_the_map():
    """But for the codecs of formats, which are one kind of thing."""
    text = (Path(__file__).parent.parent / "CONTRIBUTING.md").read_text(encoding="utf-8")
    for path in SOURCES:
        if path.name != "__init__.py" and path.parent.name not in ("codecs", "formats", "palette", "spaces"):
            shown = path.relative_to(PACKAGE)
            assert path.name in text or shown.parts == ("__main__.py",), (
                f"{shown}: add it to the map in CONTRIBUTING.md"
            )


def test_modules_of_a_part_form_no_circle():
    edges = {
        "kquant_hooks." + ".".join(path.relative_to(PACKAGE).with_suffix("").parts): imports_of(path)
        for path in SOURCES
    }
    done: set[str] = set()

    def visit(module: str, above: tuple[str, ...]) -> None:
        assert module not in above, " -> ".join((*above, module))
        if module not in done:
            for inner in edges.get(module, ()):
                visit(inner, (*above, module))
            done.add(module)

    for module in edges:
        visit(module, ())


def test_no_file_is_longer_than_300_lines():
    long = {
        str(path): lines
        for folder in (PACKAGE, Path(__file__).parent)
        for path in folder.rglob("*.py")
        if (lines := len(path.read_text(encoding="utf-8").splitlines())) > 300
    }
    assert not long, f"{long}: split them by subject"


def test_one_module_knows_watchdog():
    knowing = {path.name for path in SOURCES if any(name.startswith("watchdog") for name in imports_of(path))}
    assert knowing == {"observer.py"}


def loaded_by(program: str, folder: Path) -> set[str]:
    """The heavy modules that a program loads."""
    program += "; import sys; print(*{'numpy', 'PIL', 'rich', 'argparse'} & set(sys.modules))"
    command = [sys.executable, "-c", program]
    result = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
    return set(result.stdout.split())


def test_importing_the_package_imports_nothing_heavy(tmp_path):
    assert loaded_by("import kquant_hooks", tmp_path) == set()


def test_settings_are_read_without_numpy(tmp_path):
    program = (
        "from kquant_hooks.options.settings import Settings; "
        "from kquant_hooks import Palette; "
        "Palette(['#fff']).save('mine.gpl'); Settings(5, palette='mine.gpl')"
    )
    assert not loaded_by(program, tmp_path) & {"numpy", "PIL"}


def test_a_file_that_its_header_decides_is_judged_without_pillow_and_numpy(tmp_path):
    Image.linear_gradient("L").quantize(8).save(tmp_path / "icon.png")
    program = (
        "from pathlib import Path; from kquant_hooks.assets.process import process; "
        "from kquant_hooks.options.policy import Policy; "
        "from kquant_hooks.options.settings import Settings; "
        "assert process(Path('icon.png'), Settings(8), Policy()).status == 'unchanged'"
    )
    assert loaded_by(program, tmp_path) == set()


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("documents.figures", "Figures"),
        ("documents.reduce", "Reduction"),
        ("assets.convert", "Conversion"),
        ("images.quantize", "Quantized"),
        ("quantizer.pipeline", "Clustering"),
    ],
)
def test_results_are_built_with_keywords_only(module, name):
    """Two figures that change places would pass the type checker."""
    record = getattr(import_module(f"kquant_hooks.{module}"), name)
    numbers = [entry for entry in fields(record) if entry.type in ("int", "float")]
    assert all(entry.kw_only for entry in numbers)
    assert numbers or all(entry.kw_only for entry in fields(record))


def test_public_names():
    assert set(kquant_hooks.__all__) <= set(dir(kquant_hooks))
    for name in kquant_hooks.__all__:
        assert getattr(kquant_hooks, name).__doc__
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        kquant_hooks.nothing  # noqa: B018  the access is what is tested


def test_the_package_is_typed():
    assert files("kquant_hooks").joinpath("py.typed").is_file()
