# SPDX-License-Identifier: GPL-2.0-only
"""Disk images, kernels and the reference hypervisor, all from Debian packages.

Each product sits in the cache under a name that holds a hash of its recipe, so
a changed recipe makes a new product and an unchanged one costs nothing:

  root-HASH/    tree (as unpacked by mmdebstrap), root.img (ext4), vmlinuz,
                initrd.img (Debian's own), xen-debian (multiboot ELF)
  initrd-HASH   our small initramfs with the modules that reach the root disk
"""

import contextlib
import fcntl
import gzip
import hashlib
import json
import os
import re
import shutil
import subprocess
import time
from pathlib import Path

from . import paths
from .cpio import Archive
from .progress import Long, say

SUITE = "bookworm"
PACKAGES = ["linux-image-amd64", "xen-hypervisor-4.17-amd64", "xen-utils-4.17",
            "xenstore-utils", "busybox-static", "kmod", "udev", "pciutils"]
# Never needed in a machine without a screen; leaves 40 % of the image out.
EXCLUDED = ["/usr/share/man/*", "/usr/share/doc/*", "/usr/share/locale/*",
            "/lib/modules/*/kernel/drivers/gpu/*",
            "/lib/modules/*/kernel/drivers/media/*",
            "/lib/modules/*/kernel/drivers/net/wireless/*",
            "/lib/modules/*/kernel/sound/*"]
IMAGE_SPARE_MIB = 300
# What apt says when a mirror or the way to it is in trouble.
NETWORK = re.compile(r"Failed to fetch|Unable to fetch|Some index files failed|Could not "
                     r"(resolve|connect|wait)|Connection (failed|timed out|reset)|"
                     r"Temporary failure|Hash Sum mismatch|File has unexpected size")
BOOTSTRAP_TRIES = 3

EARLY_MODULES = ["ahci", "ata_piix", "sd_mod", "ext4", "crc32c_generic",
                 "xen-evtchn", "xen-gntdev", "xen-gntalloc", "xen-privcmd", "xenfs"]


class LabError(Exception):
    """Something the person can act upon; shown without a traceback."""


def recipe_hash(*parts):
    text = json.dumps(parts, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


@contextlib.contextmanager
def _exclusive(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"lab: waiting for another lab that holds {path.name}")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _apt_sources():
    """This machine's own Debian sources for the suite, so that local mirrors and
    snapshots are honoured; an empty list means mmdebstrap's default."""
    if os.environ.get("XLAB_MIRROR"):
        return [f"deb {os.environ['XLAB_MIRROR']} {SUITE} main"]
    found = subprocess.run(
        ["apt-get", "indextargets", "--format",
         "$(CREATED_BY)|$(REPO_URI)|$(CODENAME)|$(COMPONENT)|$(LABEL)"],
        capture_output=True, text=True, check=False)
    sources = []
    for line in found.stdout.splitlines():
        fields = line.split("|")
        if len(fields) != 5 or fields[0] != "Packages" or fields[3] != "main":
            continue
        uri, codename, label = fields[1], fields[2], fields[4]
        if label not in ("Debian", "Debian-Security") or not codename.startswith(SUITE):
            continue
        entry = f"deb {uri} {codename} main"
        if entry not in sources:
            sources.append(entry)
    complete = any(s.split()[2] == SUITE for s in sources)
    return sources if complete else []


def _apt_options():
    shown = subprocess.run(["apt-config", "dump"], capture_output=True, text=True,
                           check=False)
    return ["--aptopt=" + line for line in shown.stdout.splitlines()
            if re.match(r"Acquire::https?::Proxy", line)]


def _bootstrap(target):
    command = ["mmdebstrap", "--variant=minbase", "--include=" + ",".join(PACKAGES)]
    command += [f"--dpkgopt=path-exclude={glob}" for glob in EXCLUDED]
    command += ['--aptopt=Acquire::Retries "5"', *_apt_options()]
    command += [SUITE, str(target)] + _apt_sources()
    if shutil.which("mmdebstrap") is None:
        raise LabError("mmdebstrap is missing: run scripts/install-deps")
    if os.geteuid() != 0:
        raise LabError("building the dom0 image needs root (chroot); run it once as root")
    for left in reversed(range(BOOTSTRAP_TRIES)):
        status, said = _run_mmdebstrap(command)
        if status == 0:
            return
        if not left or not re.search(NETWORK, "".join(said)):
            raise LabError(f"mmdebstrap failed ({status}):\n{''.join(said[-25:])}")
        say("lab: the mirror did not deliver, once more: " + said[-1].rstrip())
        shutil.rmtree(target, ignore_errors=True)
        time.sleep(15)


def _run_mmdebstrap(command):
    """(status, lines)"""
    env = dict(os.environ, LC_ALL="C", DEBIAN_FRONTEND="noninteractive",
               PATH="/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
    said = []
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, errors="replace", env=env,
                          umask=0o022) as process:
        for line in process.stdout:
            said.append(line)
            if line.startswith("I: "):
                say("lab:   " + line[3:].rstrip())
    return process.returncode, said


def _make_ext4(tree, image):
    used = subprocess.run(["du", "-sm", "--apparent-size", str(tree)], check=True,
                          capture_output=True, text=True).stdout.split()[0]
    size = int(used) * 5 // 4 + IMAGE_SPARE_MIB
    made = subprocess.run(
        ["/sbin/mke2fs", "-q", "-t", "ext4", "-L", "dom0", "-m", "0", "-d", str(tree),
         "-E", "lazy_itable_init=1", str(image), f"{size}M"],
        capture_output=True, text=True, check=False)
    if made.returncode != 0:
        raise LabError(f"mke2fs failed: {made.stderr.strip()}")


def _one(tree, pattern):
    found = sorted(tree.glob(pattern))
    if not found:
        raise LabError(f"the image has no {pattern}; did a package change?")
    return found[-1]


class Root:
    """The dom0 root image and what was taken from it."""

    def __init__(self, directory):
        self.dir = directory
        self.tree = directory / "tree"
        self.image = directory / "root.img"
        self.kernel = directory / "vmlinuz"
        self.debian_initrd = directory / "initrd.img"
        self.debian_xen = directory / "xen-debian"
        self.debian_xen_gz = directory / "xen-debian.gz"
        self.busybox = self.tree / "bin/busybox"

    @property
    def modules(self):
        return _one(self.tree, "lib/modules/*")


def root():
    """The cached root; builds it when its recipe is new (about 1.5 minutes)."""
    key = recipe_hash(SUITE, PACKAGES, EXCLUDED, IMAGE_SPARE_MIB, "layout 1")
    final = paths.CACHE / f"root-{key}"
    if (final / "complete").exists():
        return Root(final)
    with _exclusive(paths.CACHE / "root.lock"):
        if (final / "complete").exists():
            return Root(final)
        partial = paths.CACHE / f"root-{key}.partial"
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        # mmdebstrap's unprivileged helpers must be able to pass through.
        partial.chmod(0o755)
        with Long("building the dom0 root image from Debian packages"):
            _bootstrap(partial / "tree")
            new = Root(partial)
            shutil.copyfile(_one(new.tree, "boot/vmlinuz-*"), new.kernel)
            shutil.copyfile(_one(new.tree, "boot/initrd.img-*"), new.debian_initrd)
            packed = _one(new.tree, "boot/xen-4.17-amd64.gz")
            shutil.copyfile(packed, new.debian_xen_gz)
            new.debian_xen.write_bytes(gzip.decompress(packed.read_bytes()))
            _one(new.tree, "boot/initrd.img-*").unlink()
            _make_ext4(new.tree, new.image)
            (partial / "complete").write_text("")
        shutil.rmtree(final, ignore_errors=True)
        partial.rename(final)
        for old in paths.CACHE.glob("root-*"):
            if old != final and old.is_dir():
                shutil.rmtree(old, ignore_errors=True)
        return Root(final)


def _module_closure(modules, names):
    """Paths (relative to the modules directory) of the named modules and all they
    depend upon; a name the kernel has built in is fine."""
    depends, by_name = {}, {}
    for line in (modules / "modules.dep").read_text().splitlines():
        path, _, needs = line.partition(":")
        depends[path] = needs.split()
        by_name[Path(path).name.split(".")[0].replace("-", "_")] = path
    built_in = {Path(p).name.split(".")[0].replace("-", "_")
                for p in (modules / "modules.builtin").read_text().split()}
    wanted = []
    for name in names:
        plain = name.replace("-", "_")
        if plain in by_name:
            wanted += [by_name[plain]] + depends[by_name[plain]]
        elif plain not in built_in:
            raise LabError(f"the kernel has no module {name}")
    return sorted(set(wanted)), depends


def initrd():
    """Path of our initramfs: busybox, the early modules, stage-1 init."""
    base = root()
    init = (paths.GUESTS / "dom0/stage1").read_bytes()
    marks = (paths.GUESTS / "marks.sh").read_bytes()
    key = recipe_hash(base.dir.name, EARLY_MODULES, hashlib.sha256(init).hexdigest(),
                      hashlib.sha256(marks).hexdigest(), "layout 1")
    final = paths.CACHE / f"initrd-{key}"
    if final.exists():
        return final
    archive = Archive()
    for name in ("proc", "sys", "dev", "newroot", "run", "tmp"):
        archive.directory(name)
    archive.char_device("dev/console", 5, 1)
    archive.char_device("dev/null", 1, 3, 0o666)
    archive.file("bin/busybox", base.busybox.read_bytes(), 0o755)
    archive.symlink("bin/sh", "busybox")
    modules = base.modules
    prefix = f"lib/modules/{modules.name}/"
    chosen, depends = _module_closure(modules, EARLY_MODULES)
    for path in chosen:
        archive.file(prefix + path, (modules / path).read_bytes())
    archive.file(prefix + "modules.dep", "".join(
        f"{path}: {' '.join(depends[path])}\n" for path in chosen))
    archive.file("lab/marks.sh", marks, 0o755)
    archive.file("init", init, 0o755)
    paths.appear(final, archive.to_bytes())
    # Another tree with the same cache may be about to boot from one that is not as old.
    for old in paths.CACHE.glob("initrd-*"):
        with contextlib.suppress(FileNotFoundError):
            if old != final and time.time() - old.stat().st_mtime > 24 * 3600:
                old.unlink()
    return final


def guest_initramfs(init=None, more=None):
    """The tiny system that runs in the PVH guest, as bytes. init: another first program
    (bytes); more: further programs, {path: bytes}."""
    archive = Archive()
    for name in ("proc", "sys", "dev"):
        archive.directory(name)
    archive.char_device("dev/console", 5, 1)
    archive.file("bin/busybox", root().busybox.read_bytes(), 0o755)
    archive.symlink("bin/sh", "busybox")
    archive.file("sbin/poweroff", "#!/bin/sh\nexec /bin/poweroff -f\n", 0o755)
    archive.file("sbin/reboot", "#!/bin/sh\nexec /bin/reboot -f\n", 0o755)
    archive.file("init", init or (paths.GUESTS / "domu/init").read_bytes(), 0o755)
    for name, data in (more or {}).items():
        archive.file(name, data, 0o755)
    return archive.to_bytes()


def job_initrd(job, params, target, extra=None):
    """The initramfs plus one job. params: shell variables for it; extra: further
    files, {path below /lab: bytes}."""
    archive = Archive()
    for source in sorted((paths.GUESTS / "dom0").rglob("*")):
        if source.is_file() and source.name != "stage1":
            archive.file("lab/" + str(source.relative_to(paths.GUESTS / "dom0")),
                         source.read_bytes(), 0o755)
    archive.file("lab/guest.cpio", guest_initramfs())
    lines = [f"JOB={job}\n"]
    for name, value in params.items():
        quoted = str(value).replace("'", "'\\''")
        lines.append(f"{name}='{quoted}'\n")
    archive.file("lab/params", "".join(lines))
    for name, data in (extra or {}).items():
        archive.file("lab/" + name, data, 0o755)
    target.write_bytes(initrd().read_bytes() + archive.to_bytes())
    return target


def hypervisor(which):
    """Path of a hypervisor for QEMU's -kernel: 'ours', 'debian' or a file (which
    may be gzip-compressed)."""
    if which == "debian":
        return root().debian_xen
    path = paths.BUILD / "xen" if which == "ours" else Path(which)
    if not path.exists():
        hint = "; run make first" if which == "ours" else ""
        raise LabError(f"no hypervisor at {path}{hint}")
    data = path.read_bytes()
    if data[:2] == b"\x1f\x8b":
        digest = hashlib.sha256(data).hexdigest()[:12]
        plain = paths.CACHE / f"unpacked-{digest}"
        if not plain.exists():
            paths.appear(plain, gzip.decompress(data))
        return plain
    return path
