"""What ``.kquant.yaml`` may contain, which files it applies to, and how mistakes are reported."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from configs import colors_of, resolved, write

from kquant_hooks import Palette
from kquant_hooks.cli import main
from kquant_hooks.config.document import load
from kquant_hooks.config.resolving import resolver
from kquant_hooks.config.starter import STARTER
from kquant_hooks.options.policy import Policy
from kquant_hooks.options.settings import Settings
from kquant_hooks.options.watch import Watch

pytestmark = pytest.mark.usefixtures("repository")


def test_without_a_configuration_there_are_256_colours():
    found = resolved("a.png")
    assert (found.settings, found.policy, found.skip) == (Settings(256), Policy(), False)


def test_options_of_both_lists_are_read():
    write(
        "colors: 12\neffort: best\nmax-iter: 9\norder: population\nmin-savings: 5%\nmax-error: 30\n"
        "strip: true\nmin-psnr: null\n"
    )
    found = resolved("a.png")
    assert found.settings == Settings(12, effort="best", max_iter=9, order="population")
    assert found.policy == Policy(min_savings="5%", max_error=30, strip=True)


def test_a_palette_is_a_list_of_hex_colours():
    write("palette: ['#000', ff8000, '#11223344']")
    assert resolved("a.png").settings.palette == Palette(["#000", "#ff8000", "#11223344"])


def test_the_fewest_colours_that_will_do():
    write("colors: auto\nmin-psnr: 38")
    assert resolved("a.png").policy == Policy(min_psnr=38, auto_colors=True)


def test_the_first_rule_that_matches_has_the_say_and_the_top_fills_in():
    write(
        "colors: 9\neffort: fast\nrules:\n- {files: 'a/**', colors: 1}\n"
        "- {files: ['**/*.gif', 'b/*.png'], colors: 2}\n- {files: '**', colors: 3, effort: best}"
    )
    assert colors_of("a/x.png", "a/b/x.gif", "c/d/x.gif", "b/x.png", "b/c/x.png") == [1, 1, 2, 2, 3]
    assert resolved("a/x.png").settings.effort == "fast"


@pytest.mark.parametrize(
    ("pattern", "inside", "outside"),
    [
        (
            "sprites/**",
            ["sprites/a.png", "sprites/x/.y/a.png"],
            ["a.png", "x/sprites/a.png", "Sprites/a.png"],
        ),
        ("sprites/", ["sprites/a.png", "sprites/x/a.png"], ["x/sprites/a.png"]),
        ("**/sprites/**", ["sprites/a.png", "x/sprites/y/a.png"], ["a.png"]),
        ("*.icon.png", ["a.icon.png", "x/y/a.icon.png"], ["a.png"]),
        ("/*.png", ["a.png", ".hidden.png"], ["x/a.png"]),
        ("*/a.png", ["x/a.png"], ["a.png", "x/y/a.png"]),
        ("**/*.{png,gif}", ["a.png", "x/y/a.gif"], ["a.bmp"]),
        ("{a,b/c}/?.png", ["a/1.png", "b/c/1.png"], ["b/1.png", "a/12.png"]),
        ("[a-c]*.png", ["b1.png", "x/c.png"], ["d.png"]),
        ("with space/ü\n*", ["with space/ü\nx.png"], ["with space/x.png"]),
    ],
)
def test_globs(pattern, inside, outside):
    write(yaml.safe_dump({"colors": 2, "rules": [{"files": pattern, "colors": 1}]}, allow_unicode=True))
    assert colors_of(*inside) == [1] * len(inside)
    assert colors_of(*outside) == [2] * len(outside)


def test_numbers_as_yaml_1_2_writes_them():
    write("tol: 1e-3\nmax-error: 2E+1")
    assert (resolved("a.png").settings.tol, resolved("a.png").policy.max_error) == (1e-3, 20)


def test_a_palette_leaves_nothing_for_auto_to_find():
    write("colors: auto\nmin-psnr: 10\nrules: [{files: '*.png', palette: ['#000', '#fff']}]")
    found = resolved("a.png")
    assert (len(found.settings.palette), found.policy) == (2, Policy(min_psnr=10))
    assert resolved("a.gif").policy.auto_colors


def test_a_file_of_nearly_the_right_name_is_not_passed_over(capsys):
    write("colors: 9", "sub").rename("sub/.kquant.yml")
    assert main(["hook", "sub/a.png"]) == 2
    assert capsys.readouterr().err == "kquant: sub/.kquant.yml is not read; rename it to .kquant.yaml\n"


def test_flags_have_the_say():
    write("colors: 9\nrules: [{files: '*.png', colors: 5, effort: best}]")
    assert resolved("a.png", colors=7).settings == Settings(7, effort="best")


def test_a_number_of_colours_takes_the_palette_below_it_away():
    write("palette: ['#000']\nrules: [{files: a.png, colors: 5}, {files: b.png, effort: fast}]")
    assert resolved("a.png").settings == Settings(5)
    assert resolved("b.png").settings.palette == Palette(["#000"])
    assert resolved("b.png", colors=3).settings == Settings(3, effort="fast")


def test_the_nearest_configuration_counts_alone(repository):
    write("colors: 9\neffort: fast\nrules: [{files: 'sub/**', colors: 1}]")
    write("colors: 7\nrules: [{files: 'x/*.png', colors: 3}]", "sub")
    assert colors_of("a.png", "other/a.png", "sub/a.png", "sub/x/a.png", "sub/y/a.png") == [9, 9, 7, 3, 7]
    assert resolved("sub/a.png").settings.effort == "balanced"


def test_it_is_the_same_from_every_folder(repository, monkeypatch):
    write("colors: 9\nrules: [{files: 'sub/*.png', colors: 1}]")
    (repository / "sub").mkdir()
    monkeypatch.chdir("sub")
    assert colors_of("a.png", "../a.png", str(repository / "sub/a.png")) == [1, 9, 1]
    assert str(resolved("a.png").path) == "../.kquant.yaml"


def test_it_is_not_looked_for_above_the_repository(repository):
    write("colors: 9")
    (repository / "inner/.git").mkdir(parents=True)
    assert colors_of("inner/a.png", "a.png") == [256, 9]


def test_another_file_has_globs_from_the_current_folder_on():
    write("colors: 9")
    write("rules: [{files: 'sub/*.png', colors: 1}]", "tools")
    found = resolver({}, Path("tools/.kquant.yaml"))
    assert [found(Path(name)).settings.colors for name in ("sub/a.png", "a.png")] == [1, 256]


@pytest.mark.parametrize("text", ["", "# nothing\n", "---\n", "rules:\nwatch:\n", "\ufeffcolors: 256\n"])
def test_an_empty_configuration_says_nothing(text):
    write(text)
    assert resolved("a.png").settings == Settings()


def test_the_section_for_the_daemon_is_checked_and_kept():
    path = write("watch: {settle: 500ms, rescan: 1m, polling: true, originals: archive, jobs: 3}")
    watch = Watch(**load(path).watch)
    assert (watch.settle, watch.rescan, watch.polling, watch.originals, watch.jobs) == (
        0.5,
        60,
        True,
        "archive",
        3,
    )


def test_the_command_says_what_holds_and_where_it_comes_from(capsys):
    write("colors: 9\nrules: [{files: ['a/**', '*.gif'], effort: best, skip: true}]")
    assert main(["config", "a/x.png", "y.png"]) == 0
    lines = capsys.readouterr().out.splitlines()
    half = len(lines) // 2
    assert lines[:3] == ["a/x.png", "  configuration: .kquant.yaml", "  rule: $.rules[0] for a/**, *.gif"]
    assert lines[half : half + 3] == ["y.png", "  configuration: .kquant.yaml", "  rule: none matches"]
    words = [line.split() for line in lines[:half]]
    assert ["colors", "9", "$.colors"] in words
    assert ["effort", "best", "$.rules[0].effort"] in words
    assert ["order", "given", "default"] in words
    assert ["skip", "true", "$.rules[0].skip"] in words


def test_the_hook_explains_with_its_flags(capsys):
    write("palette: ['#000', '#111', '#222', '#333', '#444']")
    assert main(["hook", "--min-psnr", "30", "--explain", "x.png"]) == 0
    words = [line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines()]
    assert ["palette", "#000000, #111111, #222222, #333333 and 1 more  $.palette"] in words
    assert ["min-psnr", "30.0", "--min-psnr"] in [" ".join(line).split() for line in words]


def test_without_a_configuration_the_command_says_so(capsys):
    assert main(["config", "x.png"]) == 0
    assert "  configuration: none; there is no .kquant.yaml in a folder above\n" in capsys.readouterr().out


def test_the_command_wants_to_know_of_what(capsys):
    assert main(["config"]) == 2
    assert "use at least one FILE" in capsys.readouterr().err


def test_the_starter_is_a_configuration_and_is_never_overwritten(capsys):
    assert main(["config", "--init"]) == 0
    path = Path(".kquant.yaml")
    assert path.read_text(encoding="utf-8") == STARTER
    assert resolved("a.png").settings == Settings()
    path.write_text("colors: 3")
    assert main(["config", "--init"]) == 2
    assert capsys.readouterr().err == "kquant: .kquant.yaml already exists; it was not changed\n"
    assert path.read_text() == "colors: 3"


def test_what_the_starter_shows_in_comments_is_right():
    text = STARTER.replace("rules: []\n", "rules:\n").replace("\n# effort", "\neffort")
    lines = [line.removeprefix("#") if line.startswith("#   ") else line for line in text.splitlines()]
    write("\n".join(lines).replace("# min-", "min-"))
    assert resolved("sprites/a.png").settings.palette is not None
    assert colors_of("icons/x/a.png", "x/y.icon.png", "x/screenshots/a.webp", "a.png") == [16, 16, 64, 256]
    assert resolved("photos/a.png").skip
    assert resolved("a.png").policy == Policy(min_savings="5%", min_psnr=36)


def test_the_starter_cannot_be_written(monkeypatch, capsys):
    def full(*_arguments, **_options):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "open", full)
    assert main(["config", "--init"]) == 3
    assert capsys.readouterr().err == "kquant: .kquant.yaml cannot be written: No space left on device\n"
