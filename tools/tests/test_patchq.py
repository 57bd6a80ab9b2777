# SPDX-License-Identifier: GPL-2.0-only
"""The life of a stable branch in a clone of this tree: declared at a base that lacks a fix,
the fix carried over, exported, refreshed. scripts/patchq prove, which builds, is a step of
`make test` of its own."""

import shutil
import subprocess
from pathlib import Path

import pytest

TREE = Path(__file__).resolve().parents[2]
FIX = "xsa149-vcpu-array.patch"
CASE = "int128/CASE"
pytestmark = pytest.mark.host


def git(tree, *words):
    who = ["-c", "user.name=Test", "-c", "user.email=test@localhost"]
    return subprocess.run(["git", *who, *words], cwd=tree, check=True, text=True,
                          capture_output=True).stdout


def patchq(tree, *words):
    return subprocess.run([tree / "scripts/patchq", *words], text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)


def patch(tree, *words):
    with open(TREE / "patches/main" / FIX, encoding="utf-8") as text:
        subprocess.run(["patch", "-p1", "-s", *words], cwd=tree, stdin=text, check=True)


def the_file(tree):
    """Whose first change the fix is."""
    text = (TREE / "patches/main" / FIX).read_text()
    return tree / text.split("\n+++ b/")[1].split()[0]


@pytest.fixture(scope="module")
def history(tmp_path_factory):
    """A repository with the fix taken out, a branch 'stable-1' declared there, and the fix
    again on top of it."""
    tree = tmp_path_factory.mktemp("history") / "tree"
    files = git(TREE, "ls-files", "-z", "-c", "-o", "--exclude-standard").split("\0")
    for name in files:
        if name and (TREE / name).is_file():
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(TREE / name, tree / name)
    git(tree.parent, "init", "-q", str(tree))
    patch(tree, "-R")
    git(tree, "add", "-A")
    git(tree, "commit", "-qm", "Without the fix")
    base = git(tree, "rev-parse", "HEAD").strip()
    patch(tree)
    with open(tree / "patches/branches", "a", encoding="utf-8") as branches:
        branches.write(f"stable-1 {base}\n")
    (tree / "patches/stable-1").mkdir()
    (tree / "patches/stable-1/series").write_text("# Fixes since the base.\n")
    git(tree, "add", "-A")
    git(tree, "commit", "-qm", "With the fix")
    return tree


@pytest.fixture
def clone(history, tmp_path):
    git(tmp_path, "clone", "-q", str(history), "clone")
    return tmp_path / "clone"


def backported(clone):
    done = patchq(clone, "backport", FIX, "stable-1")
    assert done.returncode == 0, done.stdout
    return clone / "patches/stable-1" / FIX


def test_backport_names_its_origin(clone):
    commit = git(clone, "log", "-1", "--format=%h", "--", f"patches/main/{FIX}").strip()
    assert f"\nOrigin: main, {commit}\n" in backported(clone).read_text()
    assert patchq(clone, "check", "-b", "stable-1").returncode == 0
    again = patchq(clone, "backport", FIX, "stable-1")
    assert again.returncode == 1 and "has it already" in again.stdout


def test_worktree_is_base_and_series(clone, tmp_path):
    before, after = tmp_path / "before", tmp_path / "after"
    assert patchq(clone, "worktree", "stable-1", before).returncode == 0
    backported(clone)
    assert patchq(clone, "worktree", "stable-1", after).returncode == 0
    name = the_file(clone).relative_to(clone)
    fixed = (TREE / name).read_text()
    assert (after / name).read_text() == fixed
    assert (before / name).read_text() != fixed


def test_export_is_fit_for_git_am(clone, tmp_path):
    backported(clone)
    mails = tmp_path / "mails"
    assert patchq(clone, "export", mails, "-b", "stable-1").returncode == 0
    git(clone, "worktree", "add", "-q", "--detach", tmp_path / "base", "HEAD~1")
    git(tmp_path / "base", "am", "-q", mails / FIX)
    assert the_file(tmp_path / "base").read_text() == the_file(TREE).read_text()
    assert (mails / "series").read_text() == f"{FIX}\n"


def test_refresh_follows_a_moved_tree(clone):
    where = the_file(clone)
    where.write_text("/* a new first line */\n" + where.read_text())
    assert patchq(clone, "refresh").returncode == 0
    assert patchq(clone, "check").returncode == 0
    moved = (clone / "patches/main" / FIX).read_text()
    assert moved != (TREE / "patches/main" / FIX).read_text()


def test_what_does_not_reverse_is_named(clone):
    where = the_file(clone)
    where.write_text("nothing is left\n")
    done = patchq(clone, "check")
    assert done.returncode == 1 and FIX in done.stdout


def test_unknown_names_are_refused(clone):
    for words in (["backport", "no.patch", "stable-1"], ["backport", FIX, "stable-9"],
                  ["check", "-b", "stable-9"], ["worktree", "stable-9", "x"]):
        done = patchq(clone, *words)
        assert done.returncode == 1 and done.stdout.startswith("patchq: no "), done.stdout


def base_of(clone):
    lines = (clone / "patches/branches").read_text().splitlines()
    return dict(line.split() for line in lines if not line.startswith("#"))["stable-1"]


def test_whole_history_is_checked(clone):
    done = patchq(clone, "check")
    assert done.returncode == 0 and "stable-1: 0 patches reverse cleanly" in done.stdout
    fix = backported(clone)
    assert "stable-1: 1 patches reverse cleanly" in patchq(clone, "check").stdout
    fix.write_text(fix.read_text().replace("\n ", "\n x"))
    done = patchq(clone, "check")
    assert done.returncode == 1 and f"{FIX} does not apply" in done.stdout, done.stdout


def lacking(history, clone, tmp_path, kind):
    """The tree in a history that lacks the base, or without any."""
    if kind == "shallow":
        git(tmp_path, "clone", "-q", "--depth", "1", f"file://{history}", kind)
    else:
        shutil.copytree(clone, tmp_path / kind, ignore=shutil.ignore_patterns(".git"))
    return tmp_path / kind


@pytest.mark.parametrize("kind", ["shallow", "export"])
def test_history_lacks_the_base(history, clone, tmp_path, kind):
    tree = lacking(history, clone, tmp_path, kind)
    said = f"stable-1: base commit {base_of(clone)} is not in this history"
    done = patchq(tree, "check")
    assert done.returncode == 0 and f"{said}: not checked\n" in done.stdout, done.stdout
    assert "main: " in done.stdout
    done = patchq(tree, "test", "stable-1", "--build")
    assert done.returncode == 0 and f"{said}: not built\n" in done.stdout, done.stdout
    for words in (["check", "-b", "stable-1"], ["test", "stable-1"],
                  ["worktree", "stable-1", tmp_path / "w"], ["backport", FIX, "stable-1"]):
        done = patchq(tree, *words)
        assert done.returncode == 1 and f"patchq: {said}\n" in done.stdout, done.stdout


def add_patch(clone, test, old, fails=None):
    """A patch of main that puts a comment in old's place."""
    where = clone / "xen/lib/int128.c"
    line = where.read_text().count("\n") + 1
    where.write_text(where.read_text() + "/* new */\n")
    diff = f"--- a/xen/lib/int128.c\n+++ b/xen/lib/int128.c\n@@ -{line} +{line} @@\n"
    fails = f"Fails: {fails}\n" if fails else ""
    (clone / "patches/main/new.patch").write_text(
        f"Subject: New\nAffects: nobody\nShows: nothing\nTest: {test}\n{fails}\n"
        f"{diff}-{old}\n+/* new */\n")
    with open(clone / "patches/main/series", "a", encoding="utf-8") as series:
        series.write("new.patch\n")


def test_what_does_not_build_proves_nothing(clone):
    add_patch(clone, "unit:int128", "#error not here yet", CASE)
    done = patchq(clone, "prove", "new.patch")
    assert done.returncode == 1 and "unit:int128 does not build" in done.stdout, done.stdout
    assert "without the fix" not in done.stdout


def test_the_next_patch_is_proven_after_one_that_broke(clone):
    add_fix(clone, "int128/test_division")
    good = clone / "patches/main/new.patch"
    (clone / "patches/main/good.patch").write_text(good.read_text())
    add_patch(clone, "unit:int128", "#error not here yet", CASE)
    (clone / "patches/main/series").write_text("new.patch\ngood.patch\n")
    done = patchq(clone, "prove")
    assert done.returncode == 1 and "unit:int128 does not build" in done.stdout, done.stdout
    assert "\nunproven new.patch\n" in done.stdout, done.stdout
    assert "\nproven   good.patch\n" in done.stdout, done.stdout


def test_what_is_no_fix_is_not_proven(clone):
    add_patch(clone, "none", "/* old */")
    assert patchq(clone, "check", "-b", "main").returncode == 0
    done = patchq(clone, "prove", "new.patch")
    assert done.returncode == 1 and "no such patch to prove" in done.stdout


def test_an_unproven_patch_is_put_back(clone):
    """The next one finds the tree with it: else it would fail for a fault not its own."""
    add_patch(clone, "unit:int128", "/* old */", CASE)
    series = clone / "patches/main/series"
    again = (clone / "patches/main/new.patch").read_text()
    (clone / "patches/main/next.patch").write_text(again)
    series.write_text("new.patch\nnext.patch\n")
    done = patchq(clone, "prove")
    assert done.stdout.count("without the fix: unit:int128 passes") == 2, done.stdout
    assert "prove: 2 patches, 2 unproven" in done.stdout


def add_fix(clone, fails, wrong="    return q ^ 1;", right="    return q;"):
    """A patch without which divisions are wrong."""
    lines = (clone / "xen/lib/int128.c").read_text().split("\n")
    line = lines.index(right) + 1
    diff = f"--- a/xen/lib/int128.c\n+++ b/xen/lib/int128.c\n@@ -{line} +{line} @@\n"
    (clone / "patches/main/new.patch").write_text(
        f"Subject: New\nAffects: nobody\nShows: nothing\nTest: unit:int128\nFails: {fails}\n\n"
        f"{diff}-{wrong}\n+{right}\n")
    (clone / "patches/main/series").write_text("new.patch\n")


def test_the_named_case_proves(clone):
    add_fix(clone, "int128/test_division")
    done = patchq(clone, "prove")
    assert done.returncode == 0, done.stdout
    assert "without the fix: unit:int128 fails in test_division" in done.stdout
    assert "with the fix: unit:int128 passes\n" in done.stdout


@pytest.mark.parametrize("fails, missing", [
    ("int128/test_other", "test_other"),
    ("int128/test_division int128/test_other", "test_other"),
    ('int128/test_division "int128/words it never prints"', "words it never prints"),
])
def test_another_case_proves_nothing(clone, fails, missing):
    add_fix(clone, fails)
    done = patchq(clone, "prove")
    assert done.returncode == 1 and "1 unproven" in done.stdout, done.stdout
    assert f"without the fix: unit:int128 fails, but not in {missing}" in done.stdout


def test_a_program_that_dies_proves_nothing(clone):
    add_fix(clone, "int128/test_division", wrong="    extern void _Exit(int); _Exit(3);")
    done = patchq(clone, "prove")
    assert done.returncode == 1, done.stdout
    assert "unit:int128 fails, but not in test_division" in done.stdout


LAB = """#!/bin/sh
grep -q wrong xen/lib/int128.c || { echo "  ok   window"; exit 0; }
cat report
exit 1
"""
REPORTS = {
    "case": ("  FAIL window: window.c:7: 1 is not 2\n", "k/window", True),
    "other case": ("  ok   window\n  FAIL door: window.c:9: 1 is not 2\n", "k/window", False),
    "timeout": ("  ok   door\n  ended by: timeout; kernel's own count: None\n", "k/window",
                False),
    "QEMU": ("    QEMU says: Segmentation fault\n", "k/window", False),
    "no lab": ("lab: no image of Debian's\n", "k/window", False),
    "panic": ("  ended by: fatal\n  serial log: serial.log\n", '"k/BUG at xen/p2m.c"', True),
    "other panic": ("  ended by: fatal\n  serial log: serial.log\n", '"k/BUG at x.c"', False),
}


@pytest.mark.parametrize("kind", REPORTS)
def test_what_a_kernel_must_say(clone, kind):
    """Its lab prints what one would when the hypervisor is wrong."""
    report, fails, proven = REPORTS[kind]
    add_patch(clone, "guest:k", "/* wrong */", fails)
    (clone / "patches/main/series").write_text("new.patch\n")
    (clone / "Makefile").write_text("all guest-kernels:\n")
    (clone / "scripts/lab/lab").write_text(LAB)
    (clone / "report").write_text(report)
    (clone / "serial.log").write_text("(XEN) BUG at xen/p2m.c:12\n")
    done = patchq(clone, "prove")
    assert (done.returncode == 0) == proven, done.stdout
    assert ("0 unproven" if proven else "1 unproven") in done.stdout, done.stdout
    assert ("fails, but not in" in done.stdout) != proven, done.stdout


@pytest.mark.parametrize("fails", ["", "int128", "int128/", "other/test_x"])
def test_what_shall_fail_is_named(clone, fails):
    add_patch(clone, "unit:int128", "/* old */", fails)
    done = patchq(clone, "check", "-b", "main")
    assert done.returncode == 1 and "new.patch: Fails" in done.stdout, done.stdout


def test_carried_or_said_why_not(clone):
    """main has a fix that the branch's base had not heard of."""
    add_patch(clone, "unit:int128", "/* old */", CASE)
    done = patchq(clone, "check", "-b", "stable-1")
    assert done.returncode == 1, done.stdout
    assert "neither in series nor in not-carried: new.patch" in done.stdout
    why = clone / "patches/stable-1/not-carried"
    for line, said in (("new.patch: \n", "not-carried:1: want"),
                       ("new.patch: not affected:\n", "not-carried:1: want"),
                       ("new.patch: not needed: it is new\n", "not-carried:1: want"),
                       ("gone.patch: not affected: it is new\n", "not on main: gone.patch")):
        why.write_text("# Why.\n\nnew.patch: not affected: it is new\n" + line
                       if "gone" in line else line)
        done = patchq(clone, "check")
        assert done.returncode == 1 and said in done.stdout, done.stdout
    why.write_text("new.patch: not affected: what it mends is new\n")
    done = patchq(clone, "check", "-b", "stable-1")
    assert done.returncode == 0 and "0 are here, 1 are not" in done.stdout, done.stdout
    assert "affected, without" not in done.stdout
    why.write_text("new.patch: affected: nobody has written it\n")
    done = patchq(clone, "check", "-b", "stable-1")
    assert done.returncode == 0, done.stdout
    assert "affected, without new.patch: nobody has written it\n" in done.stdout
    with open(clone / "patches/stable-1/series", "a", encoding="utf-8") as series:
        series.write("new.patch\n")
    (clone / "patches/stable-1/new.patch").write_text(
        (clone / "patches/main/new.patch").read_text())
    done = patchq(clone, "check", "-b", "stable-1")
    assert done.returncode == 1 and "both in series and" in done.stdout, done.stdout
