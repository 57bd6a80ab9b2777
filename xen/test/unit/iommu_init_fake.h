/* SPDX-License-Identifier: GPL-2.0-only */
/* What tests of an IOMMU driver's start-up share: firmware with its table, and memory. */
#ifndef IOMMU_INIT_FAKE_H
#define IOMMU_INIT_FAKE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <xen/types.h>

extern const char *vendors_table;   /* the only table that may be asked for */
extern paddr_t ram_page;            /* one page is RAM; 0: none that counts */

/* A function that the driver calls only after start-up. */
#define NOT_YET(type, name, ...)                                                \
    type name(__VA_ARGS__)                                                      \
    {                                                                           \
        fail_msg(#name " while starting");                                      \
        __builtin_trap();                                                       \
    }

#endif
