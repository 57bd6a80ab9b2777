#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Prove that our public headers describe the same ABI as another set of Xen's headers.

Each header of ours that the other set has too is compiled with both. Structures,
unions and enumerations are taken from the debug information: every member's path,
offset, width, signedness and array bounds. Object-like macros are printed by a probe
program, one built with either set. Whatever ours has must be in theirs, and be equal;
what only theirs has is counted, and listed with --missing.

Exit status: 0 equal, 1 different, 2 could not run.
"""
import argparse
import os
import re
import subprocess
import sys
import tempfile

# Names of our own that mean nothing to a guest.
OWN_PREFIXES = ('XEN_ABI_', 'XEN_PUBLIC_')
FLAGS = ['-std=gnu11', '-ffreestanding', '-w', '-D__XEN_INTERFACE_VERSION__=0x00040e00']
TYPE_WORDS = {'sizeof', 'uint8_t', 'uint16_t', 'uint32_t', 'uint64_t', 'int', 'char',
              'unsigned', 'long', 'xen_ulong_t', 'xen_extraversion_t',
              'xen_capabilities_info_t', 'xen_changeset_info_t'}


def run(cmd, **kw):
    res = subprocess.run(cmd, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                         universal_newlines=True, **kw)
    if res.returncode:
        sys.exit('abi: %s failed:\n%s' % (' '.join(cmd[:4]), res.stderr[:4000]))
    return res.stdout


class Headers:
    """One set of headers, reached by an include directory and a prefix."""

    def __init__(self, name, cc, incdir, names, defines, work):
        self.name, self.cc, self.work = name, cc, work
        # Not -I: these directories have a features.h, which the C library has as well.
        self.flags = FLAGS + ['-D' + d for d in defines] + ['-iquote', incdir[0]]
        self.flags += ['-I' + i for i in incdir[1:]]
        self.source = os.path.join(work, name + '.c')
        with open(self.source, 'w') as f:
            f.write('#include <stdint.h>\n#include <stddef.h>\n')
            f.writelines('#include "%s"\n' % h for h in names)

    def macros(self, only_under):
        """Object-like macros defined in files below a directory: name -> expansion."""
        out = run([self.cc] + self.flags + ['-E', '-dD', self.source])
        here, found = False, []
        for line in out.splitlines():
            m = re.match(r'# \d+ "([^"]+)"', line)
            if m:
                here = os.path.realpath(m[1]).startswith(only_under)
                continue
            m = re.match(r'#define (\w+)(?: (.*))?$', line)
            if m and here and m[2]:
                found.append(m[1])
        probe = os.path.join(self.work, self.name + '-macros.c')
        with open(probe, 'w') as f:
            f.write('#include "%s"\n' % self.source)
            f.writelines('@@ %d %s\n' % (i, n) for i, n in enumerate(found))
        text = run([self.cc] + self.flags + ['-E', '-P', probe])
        return {found[int(m[1])]: m[2] for m in re.finditer(r'@@ (\d+) (.*)', text)}

    def values(self, names):
        """What each macro evaluates to, as text; 'undefined' where it is not defined."""
        probe = os.path.join(self.work, self.name + '-values.c')
        with open(probe, 'w') as f:
            f.write('#include "%s"\n#include <stdio.h>\n' % self.source)
            f.write('#define SHOW(n, x) _Generic((x), char *: show_s, '
                    'const char *: show_s, default: show_i)(n, (long)(x), sizeof(x))\n')
            f.write('static void show_s(const char *n, long v, int s)'
                    '{ printf("%s \\"%s\\"\\n", n, (const char *)v); }\n'
                    'static void show_i(const char *n, long v, int s)'
                    '{ printf("%s %#lx\\n", n, s == 4 ? v & 0xffffffff : v); }\n'
                    'int main(void)\n{\n')
            for n in names:
                f.write('#ifdef %s\nSHOW("%s", %s);\n#else\nputs("%s undefined");\n'
                        '#endif\n' % (n, n, n, n))
            f.write('return 0;\n}\n')
        exe = probe[:-2]
        run([self.cc] + self.flags + ['-o', exe, probe])
        return dict(line.split(' ', 1) for line in run([exe]).splitlines())

    def types(self):
        obj = os.path.join(self.work, self.name + '.o')
        run([self.cc] + self.flags + ['-g', '-gdwarf-4', '-fno-eliminate-unused-debug-types',
                                      '-c', self.source, '-o', obj])
        return Dwarf(run(['readelf', '-W', '--debug-dump=info', obj]))


class Die:
    def __init__(self, tag, depth):
        self.tag, self.depth, self.attr, self.kids = tag, depth, {}, []

    def num(self, name, default=None):
        text = self.attr.get(name)
        return default if text is None else int(text.split()[0], 0)


class Dwarf:
    """The types in readelf's text form of .debug_info."""

    def __init__(self, text):
        self.by_off, stack = {}, []
        die = None
        for line in text.splitlines():
            m = re.match(r' *<(\d+)><([0-9a-f]+)>: Abbrev Number: \d+ \((\w+)\)', line)
            if m:
                die = Die(m[3], int(m[1]))
                self.by_off[int(m[2], 16)] = die
                del stack[die.depth:]
                if stack:
                    stack[-1].kids.append(die)
                stack.append(die)
                continue
            m = re.match(r' *<[0-9a-f]+> +(DW_AT_\w+) *: (.*)', line)
            if m and die:
                # Some versions of readelf name the form first: "(data1) 28".
                die.attr[m[1]] = re.sub(r'^(\([^)]*\):? *)+', '', m[2]).strip()

    def type_of(self, die):
        ref = die.attr.get('DW_AT_type')
        return self.by_off[int(re.match('<(0x[0-9a-f]+)>', ref)[1], 16)] if ref else None

    def strip(self, die):
        while die and die.tag in ('DW_TAG_typedef', 'DW_TAG_const_type',
                                  'DW_TAG_volatile_type'):
            die = self.type_of(die)
        return die

    def size(self, die):
        die = self.strip(die)
        if die is None:
            return 0
        if die.tag == 'DW_TAG_pointer_type':
            return 8
        if die.tag == 'DW_TAG_array_type':
            n = 1
            for k in die.kids:
                n *= k.num('DW_AT_upper_bound', -1) + 1
            return n * self.size(self.type_of(die))
        return die.num('DW_AT_byte_size', 0)

    def flatten(self, die, path, base):
        """(member path, description) for all scalar members of a type."""
        die = self.strip(die)
        if die is None:
            return
        if die.tag in ('DW_TAG_structure_type', 'DW_TAG_union_type'):
            for k in die.kids:
                if k.tag != 'DW_TAG_member':
                    continue
                off = base + k.num('DW_AT_data_member_location', 0) * 8
                name = k.attr.get('DW_AT_name')
                where = path + '.' + name if name else path
                if 'DW_AT_bit_size' in k.attr:
                    off = base + k.num('DW_AT_data_bit_offset', self.old_bits(k))
                    yield where, 'bit %d, %d bits wide' % (off, k.num('DW_AT_bit_size'))
                else:
                    yield from self.flatten(self.type_of(k), where, off)
        elif die.tag == 'DW_TAG_array_type':
            dims = [str(k.num('DW_AT_upper_bound', -1) + 1) for k in die.kids
                    if k.tag == 'DW_TAG_subrange_type']
            yield from self.flatten(self.type_of(die), path + '[%s]' % ']['.join(dims), base)
        else:
            kind = {'DW_TAG_pointer_type': 'pointer', 'DW_TAG_enumeration_type': 'enum',
                    }.get(die.tag, '')
            if die.tag == 'DW_TAG_base_type':
                enc = die.attr.get('DW_AT_encoding', '')
                kind = 'unsigned' if 'unsigned' in enc else 'signed'
            yield path, 'byte %d, %d bytes, %s' % (base // 8, self.size(die), kind)

    def old_bits(self, k):
        """DWARF 2 places a bit field from the top of its storage unit."""
        unit = k.num('DW_AT_byte_size') or self.size(self.type_of(k))
        return (k.num('DW_AT_data_member_location', 0) * 8 + unit * 8 -
                k.num('DW_AT_bit_offset', 0) - k.num('DW_AT_bit_size'))

    def tables(self):
        aggregates, enums, typedefs = {}, {}, {}
        for d in list(self.by_off.values()):
            name = d.attr.get('DW_AT_name')
            if d.tag in ('DW_TAG_structure_type', 'DW_TAG_union_type') and name:
                if 'DW_AT_declaration' not in d.attr:
                    aggregates[name] = d
            elif d.tag == 'DW_TAG_enumeration_type':
                for k in d.kids:
                    enums[k.attr['DW_AT_name']] = k.num('DW_AT_const_value')
            elif d.tag == 'DW_TAG_typedef':
                typedefs[name] = d
        return aggregates, enums, typedefs


def compare_types(ours, theirs, say):
    a, ea, ta = ours.tables()
    b, eb, tb = theirs.tables()
    count = 0
    for name, die in sorted(a.items()):
        if name not in b:
            say('struct or union %s: not in the peer' % name)
            continue
        lhs = dict(ours.flatten(die, name, 0))
        rhs = dict(theirs.flatten(b[name], name, 0))
        # The peer's record holder has one member more: a compatibility flag.
        if not name.startswith('__HVM_SAVE_TYPE_'):
            lhs['sizeof ' + name] = '%d bytes' % ours.size(die)
            rhs['sizeof ' + name] = '%d bytes' % theirs.size(b[name])
        for path in sorted(set(lhs) | set(rhs)):
            if path.endswith('.cpt[1]') or path.endswith('.cpt[2]'):
                continue
            count += 1
            if lhs.get(path) != rhs.get(path):
                say('%s: ours %s, peer %s' % (path, lhs.get(path, 'absent'),
                                              rhs.get(path, 'absent')))
    for name, value in sorted(ea.items()):
        count += 1
        if eb.get(name) != value:
            say('enumerator %s: ours %s, peer %s' % (name, value, eb.get(name)))
    for name in sorted(set(ta) & set(tb)):
        count += 1
        if ours.size(ta[name]) != theirs.size(tb[name]):
            say('typedef %s: ours %d bytes, peer %d' %
                (name, ours.size(ta[name]), theirs.size(tb[name])))
    for name in sorted(ta):
        if name not in tb and not name.startswith('__builtin'):
            say('typedef %s: not in the peer' % name)
    lacking = (sorted('struct ' + n for n in set(b) - set(a)) +
               sorted('enumerator ' + n for n in set(eb) - set(ea)))
    return count, lacking


def printable(macros, enumerators):
    """Names of the macros that are constants: numbers, strings, or made of such."""
    names = []
    for name, text in macros.items():
        if name.startswith(OWN_PREFIXES) or text.strip() in TYPE_WORDS | {''}:
            continue
        bare = re.sub(r'"(\\.|[^"])*"', ' ', text)
        bare = re.sub(r'\b(0[xX][0-9a-fA-F]+|\d+)[uUlL]*\b', ' ', bare)
        words = set(re.findall(r'[A-Za-z_]\w*', bare))
        if words - TYPE_WORDS - enumerators or re.search(r'[;{}=]', bare):
            continue
        names.append(name)
    return names


def header_names(directory):
    """Our headers, each as it is included."""
    names = []
    for top, _, files in os.walk(directory):
        rel = os.path.relpath(top, directory)
        names += [os.path.normpath(os.path.join(rel, f)) for f in files
                  if f.endswith('.h')]
    # The architecture's parts are reached through xen.h and hvm/save.h.
    inner = ('arch-x86/xen.h', 'arch-x86/xen-x86_64.h', 'arch-x86/hvm/save.h')
    return ['xen.h'] + sorted(n for n in names if n != 'xen.h' and n not in inner)


def main():
    ap = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    ap.add_argument('--cc', default='gcc')
    ap.add_argument('--ours', required=True, help='directory of our public headers')
    ap.add_argument('--peer', default='/usr/include/xen')
    ap.add_argument('--missing', action='store_true', help='list what only the peer has')
    args = ap.parse_args()
    ours_dir = os.path.realpath(args.ours)
    peer_dir = os.path.realpath(args.peer)
    if not os.path.isfile(os.path.join(peer_dir, 'xen.h')):
        print('abi: no headers in %s (install libxen-dev)' % peer_dir)
        return 2

    names = header_names(ours_dir)
    bad = ['header %s: not in the peer' % n for n in names
           if not os.path.isfile(os.path.join(peer_dir, n))]
    names = [n for n in names if os.path.isfile(os.path.join(peer_dir, n))]

    with tempfile.TemporaryDirectory() as work:
        peer = Headers('peer', args.cc, [peer_dir], names, ['__XEN_TOOLS__'], work)
        ours = Headers('ours', args.cc, [ours_dir], names, ['__XEN_TOOLS__'], work)
        # As the hypervisor itself sees them.
        inside = Headers('inside', args.cc, [ours_dir, os.path.dirname(ours_dir)], names,
                         ['__XEN__', '_LIBC_LIMITS_H_'], work)
        peer_types, our_types = peer.types(), ours.types()
        count, lacking = compare_types(our_types, peer_types, bad.append)
        quiet = []
        compare_types(inside.types(), peer_types, quiet.append)
        internal = re.compile(r'enumerator XEN_(EINTR|ERESTART)|typedef |'
                              r'struct or union __va_list_tag')
        bad += ['inside the hypervisor: ' + q for q in quiet if not internal.match(q)]

        enumerators = set(our_types.tables()[1])
        mine = ours.macros(ours_dir)
        macros = printable(mine, enumerators)
        va, vb = ours.values(macros), peer.values(macros)
        for n in macros:
            count += 1
            if va[n] != vb[n]:
                bad.append('%s: ours %s, peer %s' % (n, va[n], vb[n]))
        theirs = printable(peer.macros(peer_dir), set(peer_types.tables()[1]))
        lacking += sorted('macro ' + n for n in set(theirs) - set(mine))

    for line in bad:
        print('abi: ' + line)
    if args.missing:
        for line in lacking:
            print('only in the peer: ' + line)
    print('abi: %d headers, %d facts compared, %d differ; %d names only in the peer' %
          (len(names), count, len(bad), len(lacking)))
    if count < 3000:
        print('abi: far too few facts: the comparison itself is broken')
        return 2
    return 1 if bad else 0


if __name__ == '__main__':
    sys.exit(main())
