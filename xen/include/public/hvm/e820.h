/* SPDX-License-Identifier: MIT */
#ifndef XEN_PUBLIC_HVM_E820_H
#define XEN_PUBLIC_HVM_E820_H

#include "../xen.h"

/* Where hvmloader leaves the memory map for a BIOS. */
#define HVM_E820_PAGE      0x00090000
#define HVM_E820_NR_OFFSET 0x000001E8
#define HVM_E820_OFFSET    0x000002D0

#define HVM_BELOW_4G_RAM_END     0xF0000000
#define HVM_BELOW_4G_MMIO_START  HVM_BELOW_4G_RAM_END
#define HVM_BELOW_4G_MMIO_LENGTH ((xen_mk_ullong(1) << 32) - HVM_BELOW_4G_MMIO_START)

#endif
