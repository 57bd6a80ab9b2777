/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * VT-d second-level tables (VT-d spec 3.7, 9.8). SNP must be zero on hardware
 * without snoop control: the driver leaves PT_SNOOP out there. Which superpage
 * sizes exist is a capability (SLLPS), which the driver passes as max_leaf.
 */
#include <asm/pt.h>

#define E_R         (1ull << 0)
#define E_W         (1ull << 1)
#define E_SP        (1ull << 7)
#define E_SNP       (1ull << 11)

static pt_entry_t vtd_leaf(unsigned int level, unsigned long mfn, pt_attr_t attr)
{
    pt_entry_t e = (uint64_t)mfn << 12;

    if (attr & PT_R)
        e |= E_R;
    if (attr & PT_W)
        e |= E_W;
    if (attr & PT_SNOOP)
        e |= E_SNP;
    if (level)
        e |= E_SP;
    return e;
}

static pt_entry_t vtd_table(unsigned int level, unsigned long mfn)
{
    (void)level;
    return ((uint64_t)mfn << 12) | E_R | E_W;
}

static pt_attr_t vtd_attr(unsigned int level, pt_entry_t e)
{
    pt_attr_t attr = 0;

    (void)level;
    if (e & E_R)
        attr |= PT_R;
    if (e & E_W)
        attr |= PT_W;
    if (e & E_SNP)
        attr |= PT_SNOOP;
    return attr;
}

const struct pt_format pt_vtd = {
    .name = "VT-d",
    .min_levels = 3,
    .max_levels = 5,
    .leaf_levels = 7,
    .attr_mask = PT_RW | PT_SNOOP,
    .leaf = vtd_leaf,
    .table = vtd_table,
    .leaf_attr = vtd_attr,
    .present_bits = E_R | E_W,
    .size_bits = E_SP,
    .leaf_has_size = true,
};
