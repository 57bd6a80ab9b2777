#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Turn `nm -n` output (stdin) into the symbol table that back traces use (assembly).

Layout: symbols_count; symbols_offsets[], 32-bit distances from the image's start, sorted;
symbols_names[], 32-bit indexes into symbols_strings, which holds C strings.
"""
import sys

BASE = "_start"


def wanted(kind, name):
    return kind in "tTwW" and not name.startswith((".L", "__cfi_", "$"))


def main():
    base, last = None, None
    found = {}
    for line in sys.stdin:
        fields = line.split()
        if len(fields) != 3:
            continue
        addr, kind, name = int(fields[0], 16), fields[1], fields[2]
        if name == BASE:
            base = addr
        if wanted(kind, name):
            # Of several names for one address keep a stable choice: the shortest.
            old = found.get(addr)
            if old is None or (len(name), name) < (len(old), old):
                found[addr] = name
    base = base or 0
    entries = sorted((a - base, n) for a, n in found.items() if 0 <= a - base < 1 << 32)

    out = ['.section .rodata.symbols, "a", @progbits', ".balign 8"]
    for label in ("symbols_count", "symbols_offsets", "symbols_names", "symbols_strings"):
        out.append(f".globl {label}; .hidden {label}")
    out.append(f"symbols_count: .long {len(entries)}")
    out.append("symbols_offsets:")
    out += [f".long {off:#x}" for off, _ in entries]
    out.append("symbols_names:")
    pos = 0
    for _, name in entries:
        out.append(f".long {pos}")
        pos += len(name) + 1
    out.append("symbols_strings:")
    out += [f'.asciz "{name}"' for _, name in entries]
    out.append('.section .note.GNU-stack, "", @progbits')
    print("\n".join(out))


main()
