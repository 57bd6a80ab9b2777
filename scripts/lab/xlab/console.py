# SPDX-License-Identifier: GPL-2.0-only
"""For a developer: a shell in dom0, and gdb on the hypervisor."""

import contextlib
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import termios
import threading
import tty

from . import job, paths, symbols
from .images import LabError
from .progress import say
from .vm import Vm

LEAVE = b"\x1c"  # Ctrl-\


@contextlib.contextmanager
def _raw_terminal():
    if not sys.stdin.isatty():
        yield
        return
    before = termios.tcgetattr(sys.stdin)
    tty.setraw(sys.stdin)
    try:
        yield
    finally:
        termios.tcsetattr(sys.stdin, termios.TCSADRAIN, before)


def _out(chunk):
    sys.stdout.buffer.write(chunk)
    sys.stdout.buffer.flush()


def _relay(vm):
    """Terminal to machine and back until the machine is off or the person leaves.
    Typing is held back until dom0's prompt is there."""
    prompt, held, typing = False, b"", True
    while True:
        watched = [vm.process.stdout] + ([sys.stdin] if typing else [])
        ready = select.select(watched, [], [], 1)[0]
        if vm.process.stdout in ready and not vm.pump(0):
            vm.process.wait()
            return
        prompt = prompt or any("dom0 shell." in line.text for line in vm.new_lines())
        if sys.stdin in ready:
            typed = os.read(sys.stdin.fileno(), 4096)
            if not typed:
                typing = False
            if sys.stdin.isatty() and LEAVE in typed:
                return
            held += typed
        if prompt and held:
            vm.send(held)
            held = b""


def interactive(options):
    run_dir = paths.new_run_dir("console")
    machine = job.prepare("console", options, run_dir)
    with Vm(machine, run_dir, log_items=options.log_items, echo=_out) as vm:
        say(f"lab: booting dom0 on {options.hypervisor}; Ctrl-\\ ends it at once; "
            f"log {vm.serial_log}")
        with _raw_terminal():
            _relay(vm)
        if vm.errors():
            say("lab: QEMU says: " + vm.errors())
    say("lab: machine is off")
    return 0


def _free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def debug(options, job_name, script=None):
    """QEMU waits at reset, gdb attaches with the hypervisor's symbols. The serial port
    goes to the log file."""
    if shutil.which("gdb") is None:
        raise LabError("gdb is missing: run scripts/install-deps")
    named = symbols.file_for(options.hypervisor)
    if options.hypervisor == "ours" and not named:
        raise LabError(f"no {paths.BUILD / 'xen-syms'}; run make first")
    run_dir = paths.new_run_dir("debug")
    machine = job.prepare(job_name, options, run_dir)
    port = _free_port()
    with Vm(machine, run_dir, gdb=port, log_items=options.log_items) as vm:
        pump = threading.Thread(target=_pump_until_off, args=(vm,), daemon=True)
        pump.start()
        say(f"lab: tail -f {vm.serial_log}")
        command = ["gdb", "-q", "-ex", "set pagination off",
                   "-ex", "set architecture i386:x86-64"]
        if named:
            command += ["-ex", f"file {named}"]
        command += ["-ex", f"target remote 127.0.0.1:{port}"]
        if script:
            command += ["-batch", "-x", script]
        before = signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is gdb's
        try:
            return subprocess.run(command, check=False).returncode
        finally:
            signal.signal(signal.SIGINT, before)
            vm.process.kill()
            pump.join(5)


def _pump_until_off(vm):
    while vm.pump(1):
        pass
