# SPDX-License-Identifier: GPL-2.0-only
"""GRUB ISOs (BIOS), for the boot protocols that QEMU's -kernel does not speak."""

import shutil
import subprocess
from pathlib import Path

from . import images
from .images import LabError

# The commands that Debian's own grub.d script writes for Xen.
PROTOCOLS = {"multiboot1": ("multiboot", "module"),
             "multiboot2": ("multiboot2", "module2")}

CONFIG = """\
serial --unit=0 --speed=115200
terminal_input serial
terminal_output serial
set timeout=0
menuentry lab {{
{before}
{lines}
}}
"""


def hypervisor_file(which):
    """What is put on the ISO: the compressed image, as it is installed."""
    if which == "debian":
        return images.root().debian_xen_gz
    packed = images.paths.BUILD / "xen.gz"
    return packed if which == "ours" else Path(which)


def make(target, protocol, hypervisor, command_line, modules, before=()):
    """modules: of (path, command line), the dom0 kernel first; before: GRUB's commands
    that come first of all. Returns target."""
    if shutil.which("grub-mkrescue") is None:
        raise LabError("grub-mkrescue is missing: run scripts/install-deps")
    source = hypervisor_file(hypervisor)
    if not Path(source).exists():
        raise LabError(f"no hypervisor at {source}; run make first")
    kernel_word, module_word = PROTOCOLS[protocol]
    tree = Path(f"{target}.tree")
    (tree / "boot/grub").mkdir(parents=True)
    shutil.copyfile(source, tree / "boot/xen.gz")
    lines = [f"  {kernel_word} /boot/xen.gz placeholder {command_line}"]
    for number, (path, line) in enumerate(modules):
        name = f"boot/module{number}"
        shutil.copyfile(path, tree / name)
        unzip = "" if number == 0 else "--nounzip "
        lines.append(f"  {module_word} {unzip}/{name} placeholder {line}".rstrip())
    (tree / "boot/grub/grub.cfg").write_text(CONFIG.format(
        before="\n".join(before), lines="\n".join(lines)))
    made = subprocess.run(
        ["grub-mkrescue", "-d", "/usr/lib/grub/i386-pc", "-o", str(target), str(tree)],
        capture_output=True, text=True, check=False)
    shutil.rmtree(tree)
    if made.returncode != 0:
        raise LabError(f"grub-mkrescue failed:\n{made.stderr.strip()}")
    return target
