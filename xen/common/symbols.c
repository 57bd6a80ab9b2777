/* SPDX-License-Identifier: GPL-2.0-only */
#include <xen/format.h>
#include <xen/lib.h>
#include <xen/symbols.h>

extern const char _start[], _stext[], _etext[], _sinittext[], _einittext[];

/* Written by scripts/gen-symbols.py. */
extern const uint32_t symbols_count, symbols_offsets[], symbols_names[];
extern const char symbols_strings[];

bool is_hypervisor_text(unsigned long addr)
{
    return (addr >= (unsigned long)_stext && addr < (unsigned long)_etext) ||
           (addr >= (unsigned long)_sinittext && addr < (unsigned long)_einittext);
}

const char *symbol_lookup(unsigned long addr, unsigned long *start, unsigned long *size)
{
    unsigned long off = addr - (unsigned long)_start;
    uint32_t lo = 0, hi = symbols_count;

    if (!is_hypervisor_text(addr) || !hi)
        return NULL;
    /* The last entry at or below off. */
    while (hi - lo > 1) {
        uint32_t mid = lo + (hi - lo) / 2;

        if (symbols_offsets[mid] <= off)
            lo = mid;
        else
            hi = mid;
    }
    if (symbols_offsets[lo] > off)
        return NULL;
    *start = (unsigned long)_start + symbols_offsets[lo];
    *size = (hi < symbols_count ? symbols_offsets[hi]
                                : (unsigned long)(_einittext - _start)) -
            symbols_offsets[lo];
    return symbols_strings + symbols_names[lo];
}

void format_symbol(char *buf, size_t size, unsigned long addr)
{
    unsigned long start, len;
    const char *name = symbol_lookup(addr, &start, &len);

    if (name)
        snprintf(buf, size, "%s+%#lx/%#lx", name, addr - start, len);
    else
        snprintf(buf, size, "%#lx", addr);
}
