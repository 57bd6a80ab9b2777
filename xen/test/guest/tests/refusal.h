/* SPDX-License-Identifier: GPL-2.0-only */
/* Does the hypervisor tell of DMA that its IOMMU refused? */
#ifndef TESTS_REFUSAL_H
#define TESTS_REFUSAL_H

#include "console.h"
#include "edu.h"

static inline char *put_text(char *to, const char *from)
{
    while (*from)
        *to++ = *from++;
    return to;
}

static inline char *put_number(char *to, uint64_t n, unsigned int base)
{
    uint64_t unit = 1;

    while (n / unit >= base)
        unit *= base;
    for (; unit; unit /= base)
        *to++ = "0123456789abcdef"[n / unit % base];
    return to;
}

/*
 * The part of a report that says who (a device of bus 0, of the owner's or, DOMID_IO,
 * nobody's) and where.
 */
static inline const char *as_reported(uint32_t devfn, domid_t owner, uint64_t address)
{
    static char text[64];
    char *p = put_text(text, devfn < 0x80 ? "device 0000:00:0" : "device 0000:00:");

    p = put_number(p, devfn >> 3, 16);
    p = put_number(put_text(p, "."), devfn & 7, 16);
    if (owner != DOMID_IO)
        p = put_number(put_text(p, " of d"), owner, 10);
    p = put_number(put_text(p, ", address 0x"), address, 16);
    *put_text(p, ",") = 0;
    return text;
}

static inline bool is_amd_vi(void)
{
    uint32_t index = 0;

    return console_said(&index, "I/O virtualisation enabled: AMD-Vi");
}

/*
 * QEMU 7.2's AMD-Vi writes no event log. Its status bit tells of a refusal since the last
 * look, which the key for the units shows and clears.
 */
static inline bool unit_refused(uint32_t *index)
{
    return console_key('V') == 0 && console_said(index, ", refused accesses");
}

/*
 * The device writes to an address (of a page) that is not for it: is that reported? By
 * VT-d with device and address. Lines are limited, one a second after a burst: try until
 * there is one.
 */
static inline bool refusal_shown(uintptr_t regs, uint32_t devfn, domid_t owner,
                                 uint64_t address)
{
    static uint32_t index;
    bool amd = is_amd_vi();

    if (amd)
        unit_refused(&index);
    for (uint64_t until = system_time() + PATIENCE; system_time() < until;) {
        if (!edu_dma(regs, EDU_BUFFER, address))
            return false;
        delay_ns(5000000);
        if (amd ? unit_refused(&index)
                : console_said(&index, as_reported(devfn, owner, address)))
            return true;
    }
    print("no report of a refusal: %s\n", as_reported(devfn, owner, address));
    return false;
}

#endif
