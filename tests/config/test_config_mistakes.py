"""Mistakes in ``.kquant.yaml``, and the schema that keeps editors from making them."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
import yaml
from configs import write
from hypothesis import given
from hypothesis import strategies as st

from kquant_hooks.cli import main
from kquant_hooks.config.document import load
from kquant_hooks.config.reading import ConfigError
from kquant_hooks.config.schema import schema

pytestmark = pytest.mark.usefixtures("repository")

MISTAKES = [
    ("colors: 300", "$.colors: expected an integer from 1 to 256, got 300"),
    ("rules: [{files: a, colors: 300}]", "$.rules[0].colors: expected an integer from 1 to 256, got 300"),
    (
        "rules:\n- {files: a}\n- {files: b, effort: slow}",
        "$.rules[1].effort: expected one of fast, balanced, best, got 'slow'",
    ),
    ("colors: true", "$.colors: expected an integer from 1 to 256, got true"),
    ("colors:", "$.colors: expected an integer from 1 to 256, got null"),
    ("colors: {a: 1}", "$.colors: expected an integer from 1 to 256, got a mapping"),
    ("tol: none", "$.tol: expected a number from 0 to 1, or null, got 'none'"),
    ("max-error: .nan", "$.max-error: expected a number of at least 0, or null, got nan"),
    ("skip: 1", "$.skip: expected true or false, got 1"),
    ("min-savings: 200%", "$.min-savings: expected a size such as 1KiB or a share such as 5%, got '200%'"),
    ("watch: {settle: 2 days}", "$.watch.settle: expected a time such as 500ms, 2s or 5m, got '2 days'"),
    (
        "watch: {rescan: .inf}",
        "$.watch.rescan: expected a time such as 500ms, 2s or 5m, at least 1s, got inf",
    ),
    ("colour: 5", "$: there is no option 'colour'; did you mean 'colors'?"),
    ("min_savings: 5", "$: there is no option 'min_savings'; did you mean 'min-savings'?"),
    ("rule: []", "$: there is no option 'rule'; did you mean 'rules'?"),
    ("rules: [{file: a, colors: 5}]", "$.rules[0]: 'files' is missing; give a glob such as 'sprites/**'"),
    ("rules: [{files: a, Skip: true}]", "$.rules[0]: there is no option 'Skip'; did you mean 'skip'?"),
    ("watch: {settel: 2s}", "$.watch: there is no option 'settel'; did you mean 'settle'?"),
    ("watch: {zzz: 1}", "$.watch: there is no option 'zzz'; the options are settle, "),
    ("5: 5", "$: there is no option 5; the options are colors, "),
    ("[]", "$: expected a mapping of options to values, got a list"),
    ("colors", "$: expected a mapping of options to values, got 'colors'"),
    ("rules: {files: a}", "$.rules: expected a list of rules, got a mapping"),
    ("rules: [a]", "$.rules[0]: expected a mapping of options to values, got 'a'"),
    ("rules: false", "$.rules: expected a list of rules, got false"),
    ("watch: []", "$.watch: expected a mapping of options to values, got a list"),
    ("watch: 5", "$.watch: expected a mapping of options to values, got 5"),
    ("rules: [{files: []}]", "$.rules[0].files: the list is empty; give a glob such as 'sprites/**'"),
    (
        "rules: [{files: ''}]",
        "$.rules[0].files: expected a glob such as 'sprites/**', or a list of them, got ''",
    ),
    (
        "rules: [{files: [a, 5]}]",
        "$.rules[0].files: expected a glob such as 'sprites/**', or a list of them, got 5",
    ),
    ("rules: [{files: 'a\\b'}]", "$.rules[0].files: expected folders with '/' between them, got 'a\\\\b'"),
    ("rules: [{files: '!a'}]", "$.rules[0].files: '!a' does not exclude files; use an earlier rule instead"),
    ("rules: [{files: ../a}]", "$.rules[0].files: expected a path relative to the configuration's folder"),
    ("rules: [{files: './a'}]", "$.rules[0].files: expected a path relative to the configuration's folder"),
    (
        "rules: [{files: '{1..9999}.png'}]",
        "$.rules[0].files: '{1..9999}.png' stands for more than 1000 globs",
    ),
    (
        "palette: '#ff'",
        "$.palette: expected a palette file, a list of hex colours such as ['#ff8000'], or null, got ",
    ),
    ("rules: [{files: a, palette: .}]", "$.rules[0].palette: expected a palette file, "),
    (
        "palette: .kquant.yaml",
        "$.palette: .kquant.yaml: its content is not a palette in a known format; expected",
    ),
    (
        "palette: 5",
        "$.palette: expected a palette file, a list of hex colours such as ['#ff8000'], or null, got 5",
    ),
    (
        "palette: ['#fff', 112233]",
        "$.palette[1]: expected a hex colour such as '#ff8000', got 112233; put it in quotes",
    ),
    ("palette:\n- #fff", "$.palette[0]: expected a hex colour such as '#ff8000', got null; put it in quotes"),
    ("palette: ['#12345']", "$.palette[0]: expected a hex colour such as '#ff8000', got '#12345'"),
    ("palette: []", "$.palette: a palette has 1..256 colours, got 0"),
    ("colors: auto", "$: colors='auto' needs a limit to meet; use max-error or min-psnr"),
    (
        "rules: [{files: a, colors: auto}]",
        "$.rules[0]: colors='auto' needs a limit to meet; use max-error or min-psnr",
    ),
    ("colors: 5\ncolors: 6", "line 2, column 1: 'colors' is given twice"),
    (
        "rules: [{files: *.png}]",
        "line 1, column 18: expected alphabetic or numeric character, but found '.'; globs",
    ),
    (
        "rules: [{files: *png}]",
        "line 1, column 17: found undefined alias 'png'; globs and colours that begin with *",
    ),
    ("palette: [#fff]", "line 1, column 16: expected the node content, but found '<stream end>'; globs and"),
    ("a: !!python/object/apply:os.system [id]", "line 1, column 4: tags, which begin with '!', are not"),
    ("a: 1\n---\nb: 1", "line 2, column 1: but found another document"),
    ("? [a]\n: 1", "line 1, column 3: found unhashable key"),
    ("colors: 2020-13-45", "$.colors: expected an integer from 1 to 256, got '2020-13-45'"),
    ("a: 1\ncolors: !!int ''", "line 2, column 9: tags, which begin with '!', are not supported"),
    ("colors: 1:2:3", "$.colors: expected an integer from 1 to 256, got '1:2:3'"),
    ("max-error: 1:30.5", "$.max-error: expected a number of at least 0, or null, got '1:30.5'"),
    ("colors: 010", "$.colors: expected an integer from 1 to 256, got '010'"),
    ("max-error: .", "$.max-error: expected a number of at least 0, or null, got '.'"),
    ("max-error: 1e9999", "$.max-error: expected a number of at least 0, or null, got '1e9999'"),
    ("colors: " + "9" * 5000, "$.colors: expected an integer from 1 to 256, got '9"),
    ('a: "\\Uffffffff"', "line 1, column 7: an escape such as '\\Uffffffff' stands for no character"),
    (
        "min-savings: " + "9" * 400 + "KiB",
        "$.min-savings: expected a size such as 1KiB or a share such as 5%, got '9",
    ),
    ("a: &a {b: 1}\n<<: *a", "line 2, column 1: '<<' is not supported; write the options out"),
    ("a: 1 b: 2", "line 1, column 7: mapping values are not allowed here\n"),
    ("rules: [{files: {a,b}.png}]", "; globs and colours that begin with *"),
    ("rules:\n- files: !x", "line 2, column 10: tags, which begin with '!', are not supported; globs and"),
    ("colors: \x01", "not valid YAML: unacceptable character"),
    ("[" * 5000, "lists or mappings are nested too deeply"),
    ("colors: 0x" + "f" * 6000, "$.colors: expected an integer from 1 to 256, got '0xf"),
    ("rules: [{files: '" + 1001 * "a" + "'}]", "$.rules[0].files: 'aaaa"),
    ("rules: [{files: '" + 500 * "{" + "'}]", "$.rules[0].files: '{{{"),
    ("rules: [{files: '" + 20 * "{a,b}" + "'}]", "stands for more than 1000 globs"),
    (
        "rules: [{files: '[[:digit:]]'}]",
        "'[[:digit:]]' has a character class; use a range such as [0-9]",
    ),
    (
        "rules:\n- &r {files: '{1..300}.png'}\n- *r\n- *r\n- *r",
        "$.rules[3]: the rules have more than 1000 globs in total",
    ),
    ("palette: [" + 257 * "'#fff'," + "]", "$.palette: a palette has 1..256 colours, got 257"),
    ("palette: " + 5000 * "a/", "$.palette: expected a palette file, "),
    (
        "a: [" + 20_000 * "1," + "]",
        "column 39999: there are more than 20000 values, too many for a configuration",
    ),
    ("order: " + "x" * 999, "got '" + "x" * 59 + "..."),
    ("a: &a [*a, *a]", "$: there is no option 'a'; the options are"),
    ("#" * (1 << 18) + "\n", "it has more than 262144 bytes, too many for a configuration"),
]


@pytest.mark.parametrize(("text", "message"), MISTAKES, ids=[text[:40] for text, _ in MISTAKES])
def test_a_mistake_is_one_line_with_its_place(text, message, capsys):
    write(text)
    assert main(["hook", "missing.png"]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("kquant: .kquant.yaml: ")
    assert message in captured.err
    assert captured.err.count("\n") == 1
    assert len(captured.err) < 300


def test_a_mistake_in_any_configuration_stops_before_the_first_file(photo, capsys):
    write("colors: 300", "sub")
    photo.save("a.png")
    before = Path("a.png").read_bytes()
    assert main(["hook", "--colors", "4", "a.png", "sub/a.png"]) == 2
    assert capsys.readouterr().err.startswith("kquant: sub/.kquant.yaml: $.colors: ")
    assert Path("a.png").read_bytes() == before


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (Path.mkdir, "cannot be read: Is a directory"),
        (lambda path: path.symlink_to("nowhere"), "it is a broken link"),
    ],
)
def test_a_configuration_that_is_not_a_file_is_an_error(make, reason, capsys):
    make(Path(".kquant.yaml"))
    assert main(["hook", "missing.png"]) == 2
    assert capsys.readouterr().err == f"kquant: .kquant.yaml: {reason}\n"


def test_bytes_that_are_not_text(capsys):
    Path(".kquant.yaml").write_bytes(b"colors: \xff\xfe")
    assert main(["config", "a.png"]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_the_schema_is_one_and_has_every_option(capsys):
    assert main(["config", "--schema"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed == schema()
    jsonschema.Draft202012Validator.check_schema(printed)
    for name in ("colors", "max-iter", "palette", "min-savings", "strip", "skip", "rules", "watch"):
        assert printed["properties"][name]["description"]
    assert printed["properties"]["colors"]["default"] == 256
    assert printed["properties"]["rules"]["items"]["properties"]["files"]


VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-1, 300),
    st.floats().filter(lambda number: not number.is_integer()),
    st.lists(st.sampled_from(["#fff", "#1234567", 5])),
    st.sampled_from(
        ["auto", "fast", "wu", "lightness", "png", "5%", "1KiB", "2s", " 2 s ", "2d", "-1", "", "keep"]
    ),
)
KEYS = st.sampled_from(
    [
        "colors",
        "palette",
        "effort",
        "init",
        "max-iter",
        "tol",
        "seed",
        "order",
        "min-savings",
        "max-error",
        "min-psnr",
        "strip",
        "format",
        "max-pixels",
        "skip",
        "max_iter",
        "settle",
        "jobs",
    ]
)
OPTIONS_DRAWN = st.dictionaries(KEYS, VALUES, max_size=2)
RULES = st.lists(
    st.builds(
        lambda files, rest: {**files, **rest},
        st.sampled_from([{}, {"files": "a/**"}, {"files": ["a", "*.png"]}, {"files": []}, {"files": 5}]),
        OPTIONS_DRAWN,
    ),
    max_size=2,
)


def can_be_loaded(document: object) -> bool:
    path = write(yaml.safe_dump(document))
    try:
        load(path)
    except ConfigError:
        return False
    return True


@given(
    document=st.builds(
        lambda top, rules, watch: {**top, "rules": rules, "watch": watch},
        OPTIONS_DRAWN,
        RULES,
        st.dictionaries(st.sampled_from(["settle", "jobs", "colors", "originals"]), VALUES, max_size=1),
    )
)
def test_what_an_editor_accepts_is_what_can_be_loaded(document):
    accepted = jsonschema.Draft202012Validator(schema()).is_valid(json.loads(json.dumps(document)))
    # A schema cannot say which numbers are not numbers, what 'auto' needs, and which files are palettes.
    text = json.dumps(document)
    if any(word in text for word in ("NaN", "Infinity", "auto", '"palette": "')):
        return
    assert can_be_loaded(document) == accepted
