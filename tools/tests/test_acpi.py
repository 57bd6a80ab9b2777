# SPDX-License-Identifier: GPL-2.0-only
"""Firmware whose ACPI tables are wrong: each is named, and ignored or, if the machine
cannot do without it, refused.

A first boot prints where the tables are, QEMU's monitor what is in them; then GRUB writes
to them before it loads the hypervisor. (QEMU's -acpitable mends checksum and length, so it
is only good for tables too many.)
"""

import dataclasses
import re
import struct

import pytest
from verdict import check
from xlab import job, paths, testkernel
from xlab.vm import Vm

pytestmark = pytest.mark.kernel

TIMEOUT = 300
KINDS = {"amd": "IVRS", "intel": "DMAR"}
FIRST_ENTRY = {"IVRS": 48, "DMAR": 48, "APIC": 44}


class Table:
    """One table as the firmware left it."""

    def __init__(self, address, data):
        self.address, self.data = address, data

    def write(self, offset, values):
        return [f"write_byte {self.address + offset + i:#x} {value:#x}"
                for i, value in enumerate(values)]

    def bad_checksum(self):
        return self.write(9, [self.data[9] ^ 0xff])

    def bad_length(self):
        return self.write(4, struct.pack("<I", 0x7fffffff))

    def edited(self, offset, values):
        """Wrong inside, with a right checksum."""
        change = sum(values) - sum(self.data[offset:offset + len(values)])
        return self.write(offset, values) + self.write(9, [(self.data[9] - change) & 0xff])


def plan(kind, hypervisor, before=(), extra=(), boot="multiboot2", kernel="smp", args=""):
    made = testkernel.parse_plan(paths.BUILD / f"guest/{kernel}.elf", f"iommu={kind}",
                                 hypervisor=hypervisor, xen="noreboot", boot=boot,
                                 args=args)
    return dataclasses.replace(made, before=tuple(before),
                               machine=made.machine.but(extra=tuple(extra)))


def dump(vm, address, length):
    text = vm.monitor(f"xp /{length}xb {address:#x}")
    return bytes(int(byte, 16) for byte in re.findall(r"\b0x([0-9a-f]{2})\b", text))


def look(kind, hypervisor, extra=()):
    """The tables of such a machine, by signature."""
    made = plan(kind, hypervisor, extra=extra)
    run_dir = paths.new_run_dir("acpi")
    machine = job.boot_by(
        job.steady_machine(made.machine, hypervisor), made.boot, hypervisor,
        "console=com1 com1=115200,8n1 dom0=pvh dom0_mem=64M loglvl=all noreboot",
        ((made.kernel, ""),), run_dir)
    found = {}

    def on_line(line):
        row = re.search(r"ACPI: (\w{4}) at (0x[0-9a-f]+), (\d+) bytes", line.text)
        if row:
            found[row[1]] = int(row[2], 16), int(row[3])
        return "tables" if "processors," in line.text else None

    with Vm(machine, run_dir) as vm:
        ending = vm.watch(TIMEOUT, on_line)
        assert ending == "tables", \
            "\n".join([ending, *job.evidence(vm, ending, hypervisor)])
        return {name: Table(at, dump(vm, at, length))
                for name, (at, length) in found.items()}


@pytest.fixture(scope="module", params=KINDS)
def firmware(request, hypervisor):
    tables = look(request.param, hypervisor)
    for name, table in tables.items():
        assert sum(table.data) & 0xff == 0, f"{name} was not read right"
    return request.param, tables


def boot(kind, hypervisor, before=(), extra=(), how="multiboot2"):
    outcome = testkernel.run(plan(kind, hypervisor, before, extra, how))
    return outcome, outcome.serial_log.read_text(errors="replace")


def named(text, table, reason):
    return re.search(rf"ACPI: (table )?{table}\b.* (ignored|refused): {reason}", text)


@pytest.mark.parametrize("good, bad", [("HPET", "MCFG"), ("MCFG", "HPET")])
def test_optional_tables(hypervisor, firmware, good, bad):
    kind, tables = firmware
    outcome, text = boot(kind, hypervisor,
                         tables[good].bad_checksum() + tables[bad].bad_length())
    check(outcome)
    assert named(text, good, "bad checksum"), text
    assert named(text, bad, "bad length"), text


@pytest.mark.parametrize("how", ["checksum", "length", "entry of no length",
                                 "entry too long"])
def test_iommu_table(hypervisor, firmware, how):
    """Without it there is no IOMMU, and without that no dom0."""
    kind, tables = firmware
    name = KINDS[kind]
    table, entry = tables[name], FIRST_ENTRY[name] + 2
    before = {"checksum": table.bad_checksum, "length": table.bad_length,
              "entry of no length": lambda: table.edited(entry, [0, 0]),
              "entry too long": lambda: table.edited(entry, [0xff, 0x7f])}[how]()
    outcome, text = boot(kind, hypervisor, before)
    assert outcome.ending == "fatal", outcome.report()
    assert named(text, name, "bad " + ("checksum" if how == "checksum" else "length")), text
    assert re.search("IOMMU", text[text.index("Panic on CPU"):]), text


@pytest.mark.parametrize("how", ["checksum", "entry of no length"])
def test_madt(hypervisor, firmware, how):
    kind, tables = firmware
    table = tables["APIC"]
    before = table.bad_checksum() if how == "checksum" else \
        table.edited(FIRST_ENTRY["APIC"] + 1, [0])
    outcome, text = boot(kind, hypervisor, before)
    assert outcome.ending == "fatal", outcome.report()
    assert named(text, "(MADT|APIC)", "(bad|not present)"), text
    assert "ACPI tables" in text[text.index("Panic on CPU"):], text


# Where each table names registers, and where there is RAM instead.
RAM = 0x1000000
REGISTERS = {"HPET": 44, "MCFG": 44, "local APIC": 36}


def in_ram(tables, what):
    table = tables["APIC" if what in ("local APIC", "I/O APIC") else what]
    if what in REGISTERS:
        at = REGISTERS[what]
    else:
        at = FIRST_ENTRY["APIC"]
        while table.data[at] != 1:
            at += table.data[at + 1]
        at += 4
    return table.edited(at, struct.pack("<I", RAM))


def test_optional_registers_in_ram(hypervisor, firmware):
    """Nothing is written to memory that the firmware calls a timer or configuration space."""
    kind, tables = firmware
    outcome, text = boot(kind, hypervisor, in_ram(tables, "HPET") + in_ram(tables, "MCFG"))
    check(outcome)
    for name in ("HPET", "MCFG"):
        assert f"{name}: firmware places registers at {RAM:#x}, which is RAM" in text, text
        assert named(text, name, "bad length or field"), text


@pytest.mark.parametrize("what", ["local APIC", "I/O APIC"])
def test_interrupt_registers_in_ram(hypervisor, firmware, what):
    kind, tables = firmware
    outcome, text = boot(kind, hypervisor, in_ram(tables, what))
    assert outcome.ending == "fatal", outcome.report()
    assert f"MADT, {what}: firmware places registers at {RAM:#x}, which is RAM" in text, text
    assert "ACPI tables" in text[text.index("Panic on CPU"):], text


EDU_DEVFN = 9 << 3
EDU = ("-device", f"edu,dma_mask=0xffffffffffffffff,addr={EDU_DEVFN >> 3}.0")


def region_entry(kind, base, size):
    """Memory that the device needs, as the vendor's table has it."""
    if kind == "intel":
        return (struct.pack("<HHHHQQ", 1, 32, 0, 0, base, base + size - 1)
                + bytes([1, 8, 0, 0, 0, 0, EDU_DEVFN >> 3, EDU_DEVFN & 7]))
    return struct.pack("<BBHHHQQQ", 0x21, 7, 32, EDU_DEVFN, 0, 0, base, size)


class Region:
    """Machines with a reserved region: a table that has one more entry is added (QEMU mends
    its checksum), the firmware's own is renamed before the hypervisor starts."""

    def __init__(self, kind, hypervisor, directory):
        self.kind, self.hypervisor, self.file = kind, hypervisor, directory / "table"
        self.original = look(kind, hypervisor, EDU)[KINDS[kind]].data
        self.extra = (*EDU, "-acpitable", f"file={self.file}")
        self.reserve(0)
        self.tables = look(kind, hypervisor, self.extra)

    def reserve(self, base, size=0x1000):
        data = self.original + region_entry(self.kind, base, size)
        self.file.write_bytes(data[:4] + struct.pack("<I", len(data)) + data[8:])

    def boot(self, kernel, args=""):
        before = self.tables[KINDS[self.kind]].edited(0, b"X")
        outcome = testkernel.run(plan(self.kind, self.hypervisor, before, self.extra,
                                      kernel=kernel, args=args))
        return outcome, outcome.serial_log.read_text(errors="replace")


@pytest.mark.parametrize("kind", KINDS)
def test_reserved_region(hypervisor, kind, tmp_path):
    """The device reaches the page while it is dom0's, and no guest gets it unasked."""
    machine = Region(kind, hypervisor, tmp_path)
    inside = machine.tables["APIC"].address
    outside, = struct.unpack("<I", machine.tables["FACP"].data[40:44])
    machine.reserve(inside & ~0xfff)
    outcome, _ = machine.boot("reserved", f"{inside:x} {outside:x}")
    check(outcome)


@pytest.mark.parametrize("kind", KINDS)
def test_reserved_ram(hypervisor, kind, tmp_path):
    """Firmware that reserves memory which is somebody's: the device stays blocked."""
    machine = Region(kind, hypervisor, tmp_path)
    machine.reserve(0x1000000)
    outcome, text = machine.boot("smp")
    check(outcome)
    assert "firmware reserves 0x1000000-0x1000fff" in text, text
    assert re.search(r"d0 does not get 0000:00:09.0: error -1\b", text), text


@pytest.mark.parametrize("kind", KINDS)
def test_reserved_absurd(hypervisor, kind, tmp_path):
    """256 GiB where nothing is cost next to nothing to map."""
    machine = Region(kind, hypervisor, tmp_path)
    machine.reserve(0x2000000000, 0x4000000000)
    outcome, text = machine.boot("smp")
    check(outcome)
    assert "d0 does not get" not in text, text


def header(signature, body):
    return signature + struct.pack("<IBB6s8sI4sI", 36 + len(body), 1, 0, b"LAB   ",
                                   b"LABTABLE", 1, b"LAB ", 1) + body


def test_table_twice(hypervisor, firmware, tmp_path):
    """The first counts; the second claims another IOMMU and another timer."""
    kind, _ = firmware
    bodies = {"DMAR": struct.pack("<BB10xHHBBHQ", 38, 0, 0, 16, 1, 0, 0, 0xfed80000),
              "IVRS": bytes(12), "HPET": bytes(20)}
    extra = []
    for name in (KINDS[kind], "HPET"):
        file = tmp_path / name
        file.write_bytes(header(name.encode(), bodies[name]))
        extra += ["-acpitable", f"file={file}"]
    outcome, text = boot(kind, hypervisor, extra=extra, how="kernel")
    check(outcome)
    for name in (KINDS[kind], "HPET"):
        assert re.search(rf"ACPI: table {name} at .* ignored: .*second", text), text
