# SPDX-License-Identifier: GPL-2.0-only
"""The command line."""

import argparse
import shlex
import signal
import sys

from . import compare, console, images, job, measure, testkernel
from .images import LabError
from .job import Options
from .iso import PROTOCOLS
from .machine import IOMMUS, Machine


def _machine_arguments(parser):
    parser.add_argument("--hypervisor", "-H", default="ours",
                        help="ours, debian, or a file (default: ours = build/xen)")
    parser.add_argument("--machine", "-m", default="", metavar="TEXT",
                        help="description, e.g. 'cpus=4 memory=4096 devices=edu,usb'")
    parser.add_argument("--cpus", type=int)
    parser.add_argument("--memory", type=int, metavar="MIB")
    parser.add_argument("--iommu", choices=tuple(IOMMUS))
    parser.add_argument("--cpu", help="full, steady, max, nosvm, nonpt or QEMU's syntax")
    parser.add_argument("--xen-append", default="", metavar="WORDS",
                        help="added to the hypervisor's command line")
    parser.add_argument("--kernel-append", default="", metavar="WORDS",
                        help="added to the dom0 kernel's command line")
    parser.add_argument("--dom0-memory", type=int, default=1024, metavar="MIB")
    parser.add_argument("--timeout", type=float, default=900, metavar="SECONDS")
    parser.add_argument("--boot", default="kernel", choices=("kernel", *PROTOCOLS),
                        help="QEMU's -kernel, or GRUB from an ISO")
    parser.add_argument("--qemu-args", default="", metavar="WORDS")
    parser.add_argument("-d", dest="log_items", metavar="ITEMS",
                        help="QEMU's -d, e.g. int,guest_errors; goes to qemu.log")
    parser.add_argument("--profile", action="store_true",
                        help="sample where the processors are")
    parser.add_argument("--quiet-serial", "-q", action="store_true",
                        help="do not copy the serial port to the terminal")
    parser.add_argument("--serial", "-s", action="store_true",
                        help="copy the serial port to the terminal")


def options_from(arguments):
    machine = Machine.parse(arguments.machine)
    for name in ("cpus", "memory", "iommu", "cpu"):
        value = getattr(arguments, name)
        if value is not None:
            setattr(machine, name, value)
    machine.extra = tuple(shlex.split(arguments.qemu_args))
    machine.check()
    return Options(hypervisor=arguments.hypervisor, machine=machine,
                   xen_append=arguments.xen_append,
                   kernel_append=arguments.kernel_append,
                   boot=arguments.boot, profile=arguments.profile,
                   dom0_memory=arguments.dom0_memory, timeout=arguments.timeout,
                   log_items=arguments.log_items)


def _to_terminal(chunk):
    sys.stdout.buffer.write(chunk)
    sys.stdout.buffer.flush()


def do_run(arguments):
    options = options_from(arguments)
    echo = _to_terminal if arguments.serial else None
    options.guest_memory = arguments.guest_memory
    options.guest_cpus = arguments.guest_cpus
    if arguments.job == "main":
        result = job.run_main(options, echo)
    elif arguments.job == "rounds":
        result = job.run_rounds(options, arguments.rounds, arguments.kind, echo)
    else:
        options.stage1_only = arguments.job == "stage1"
        options.verbose_kernel = True
        if not arguments.quiet_serial:
            echo = _to_terminal
        result = job.run(arguments.job, options, (), job.show_mark, echo)
    print(result.report())
    return 0 if result.ok else 1


def do_kernel(arguments):
    defaults = {"hypervisor": arguments.hypervisor} if arguments.hypervisor else {}
    outcomes = []
    for name in arguments.files:
        wanted = testkernel.plans(name, **defaults)
        if arguments.plan is not None:
            wanted = [testkernel.parse_plan(name, arguments.plan, **defaults)]
        for plan in wanted:
            echo = None if arguments.quiet_serial else _to_terminal
            outcomes.append(testkernel.run(plan, echo, arguments.log_items))
            print(outcomes[-1].report(), flush=True)
    return 0 if all(outcome.ok for outcome in outcomes) else 1


def _read_commands(arguments):
    if not arguments.commands:
        return None
    with open(arguments.commands, encoding="utf-8") as source:
        return source.read()


def do_script(arguments):
    result, entries = compare.record(options_from(arguments), _read_commands(arguments))
    for entry in entries or []:
        print(f"$ {entry.command}")
        print("\n".join("    " + line for line in [*entry.lines, f"= {entry.status}"]))
    print(result.report(), file=sys.stderr)
    return 0 if result.ok else 1


def do_compare(arguments):
    arguments.cpu = arguments.cpu or "steady"
    commands = _read_commands(arguments)
    recorded = []
    for record in (compare.record_reference, compare.record):
        result, entries = record(options_from(arguments), commands)
        if result and not result.ok:
            print(result.report())
            return 1
        recorded.append(entries)
    found = compare.differences(*recorded)
    for difference in found:
        print(difference.report())
    print(f"{len(recorded[0])} commands, {len(found)} with differences")
    return 1 if found else 0


def do_measure(arguments):
    counts = []
    for take in (measure.measure_reference,
                 lambda: measure.measure(Options(hypervisor=arguments.hypervisor))):
        result, counted = take()
        if result and not result.ok:
            print(result.report())
            return 1
        counts.append(counted)
    print(measure.table(*counts))
    return 0


def do_console(arguments):
    return console.interactive(options_from(arguments))


def do_debug(arguments):
    return console.debug(options_from(arguments), arguments.job, arguments.commands)


def do_images(_):
    base = images.root()
    print(f"root image       {base.image}")
    print(f"dom0 kernel      {base.kernel}")
    print(f"initramfs        {images.initrd()}")
    print(f"Debian's initrd  {base.debian_initrd}")
    print(f"Debian's Xen     {base.debian_xen}")
    return 0


def _add_jobs(commands):
    run = commands.add_parser("run", help="run a job and judge it")
    run.add_argument("job", choices=("main", "boot", "stage1", "rounds"), help=(
        "main: the main job; rounds: create and destroy, again and again; "
        "boot: dom0 to userland and off; stage1: dom0's kernel to its initramfs and "
        "off, needs no disk"))
    run.add_argument("--guest-memory", type=int, default=256, metavar="MIB")
    run.add_argument("--guest-cpus", type=int, default=1)
    run.add_argument("--rounds", type=int, default=20)
    run.add_argument("--kind", default="paused",
                     choices=("paused", "tiny", "running", "killed", "toobig"))
    _machine_arguments(run)
    run.set_defaults(action=do_run)


def _add_kernels(commands):
    kernel = commands.add_parser("kernel", help="test kernels in dom0's place",
                                 description=testkernel.__doc__,
                                 formatter_class=argparse.RawDescriptionHelpFormatter)
    kernel.add_argument("files", nargs="+", metavar="FILE")
    kernel.add_argument("--plan", metavar="TEXT",
                        help="run with this one line instead of those of NAME.lab")
    kernel.add_argument("--hypervisor", "-H")
    kernel.add_argument("--quiet-serial", "-q", action="store_true")
    kernel.add_argument("-d", dest="log_items", metavar="ITEMS")
    kernel.set_defaults(action=do_kernel)


def _add_scripts(commands):
    script = commands.add_parser("script", help="run a script of commands in dom0")
    script.add_argument("commands", nargs="?", help="a file, one command a line; "
                        "default: compare.commands")
    _machine_arguments(script)
    script.set_defaults(action=do_script)

    both = commands.add_parser("compare", help="the same script under Debian's Xen and "
                               "ours, and what differs")
    both.add_argument("commands", nargs="?")
    _machine_arguments(both)
    both.set_defaults(action=do_compare)

    count = commands.add_parser("measure", help="instructions under Debian's Xen and "
                                "ours, one CPU, repeatable")
    count.add_argument("--hypervisor", "-H", default="ours")
    count.set_defaults(action=do_measure)


def _add_prompts(commands):
    prompt = commands.add_parser("console", help="a shell in dom0")
    prompt.add_argument("job", nargs="?", default="main", choices=("main",),
                        help="whose machine (only main so far)")
    _machine_arguments(prompt)
    prompt.set_defaults(action=do_console)

    debug = commands.add_parser("debug", help="gdb on the hypervisor, from reset")
    debug.add_argument("job", nargs="?", default="main", choices=("main", "boot"),
                       help="what dom0 does meanwhile")
    debug.add_argument("--commands", "-x", help="a gdb script to run, then gdb ends")
    _machine_arguments(debug)
    debug.set_defaults(action=do_debug)


def parser():
    top = argparse.ArgumentParser(prog="lab", description=__doc__)
    commands = top.add_subparsers(required=True, metavar="COMMAND")
    for add in (_add_jobs, _add_kernels, _add_scripts, _add_prompts):
        add(commands)
    show = commands.add_parser("images", help="build what is missing, print the paths")
    show.set_defaults(action=do_images)
    return top


def _stop(*_):
    raise KeyboardInterrupt


def main():
    signal.signal(signal.SIGTERM, _stop)
    signal.signal(signal.SIGHUP, _stop)
    arguments = parser().parse_args()
    try:
        return arguments.action(arguments)
    except LabError as error:
        print(f"lab: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\nlab: interrupted", file=sys.stderr)
        return 130
