# SPDX-License-Identifier: GPL-2.0-only
"""What `make install` takes: a host's configuration, a developer's only when told to."""

import subprocess

import pytest
from xlab import paths

pytestmark = pytest.mark.host


def make(objects, *words):
    return subprocess.run(["make", "-C", paths.TREE, f"O={objects}", *words],
                          capture_output=True, text=True)


def configured(objects):
    lines = (objects / ".config").read_text().splitlines()
    return {name for name in ("DEBUG", "FAULT_INJECTION") if f"CONFIG_{name}=y" in lines}


def test_nobody_has_chosen(tmp_path):
    done = make(tmp_path, "install-config")
    assert done.returncode == 0, done.stderr
    assert configured(tmp_path) == set()


@pytest.mark.parametrize("left", [{"DEBUG", "FAULT_INJECTION"}, {"DEBUG"},
                                  {"FAULT_INJECTION"}])
def test_developers(tmp_path, left):
    assert make(tmp_path, "defconfig").returncode == 0
    config = tmp_path / ".config"
    text = config.read_text()
    for name in {"DEBUG", "FAULT_INJECTION"} - left:
        text = text.replace(f"CONFIG_{name}=y", f"# CONFIG_{name} is not set")
    config.write_text(text)
    assert configured(tmp_path) == left
    done = make(tmp_path, "install", f"DESTDIR={tmp_path / 'root'}")
    assert done.returncode and "make defconfig FROM=release" in done.stderr
    assert not list(tmp_path.rglob("*.o")), "it says so after the build"
    assert not (tmp_path / "root").exists()
    assert make(tmp_path, "install-config", "debug=y").returncode == 0
    assert configured(tmp_path) == left


def test_ones_own(tmp_path):
    assert make(tmp_path, "defconfig", "FROM=release").returncode == 0
    before = (tmp_path / ".config").read_bytes()
    assert make(tmp_path, "install-config").returncode == 0
    assert (tmp_path / ".config").read_bytes() == before
