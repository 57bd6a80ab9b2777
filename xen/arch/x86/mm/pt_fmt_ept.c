/* SPDX-License-Identifier: GPL-2.0-only */
/* Extended page tables, Intel SDM vol. 3 28.3.2. */
#include <asm/pt.h>

#define E_R         (1ull << 0)
#define E_W         (1ull << 1)
#define E_X         (1ull << 2)
#define E_MT        3               /* memory type, three bits, leaves only */
#define E_PS        (1ull << 7)
#define E_SOFT      52

/* SDM numbering of memory types: UC 0, WC 1, WT 4, WP 5, WB 6. */
static unsigned int to_mt(pt_attr_t attr)
{
    switch (attr & PT_CACHE_MASK) {
    case PT_WB:
        return 6;
    case PT_WT:
        return 4;
    case PT_WP:
        return 5;
    case PT_WC:
        return 1;
    default:
        return 0;
    }
}

static pt_attr_t from_mt(unsigned int mt)
{
    switch (mt) {
    case 6:
        return PT_WB;
    case 5:
        return PT_WP;
    case 4:
        return PT_WT;
    case 1:
        return PT_WC;
    default:
        return PT_UC;
    }
}

/* Write without read is a misconfiguration, so W implies R. */
static pt_entry_t ept_leaf(unsigned int level, unsigned long mfn, pt_attr_t attr)
{
    pt_entry_t e = (uint64_t)mfn << 12;

    if (attr & (PT_R | PT_W))
        e |= E_R;
    if (attr & PT_W)
        e |= E_W;
    if (attr & PT_X)
        e |= E_X;
    if (level)
        e |= E_PS;
    e |= (uint64_t)to_mt(attr) << E_MT;
    return e | ((uint64_t)PT_SOFT_GET(attr) << E_SOFT);
}

static pt_entry_t ept_table(unsigned int level, unsigned long mfn)
{
    (void)level;
    return ((uint64_t)mfn << 12) | E_R | E_W | E_X;
}

static pt_attr_t ept_attr(unsigned int level, pt_entry_t e)
{
    pt_attr_t attr = from_mt((e >> E_MT) & 7) | PT_SOFT(e >> E_SOFT);

    (void)level;
    if (e & E_R)
        attr |= PT_R;
    if (e & E_W)
        attr |= PT_W;
    if (e & E_X)
        attr |= PT_X;
    return attr;
}

const struct pt_format pt_ept = {
    .name = "EPT",
    .min_levels = 4,
    .max_levels = 5,
    .leaf_levels = 7,
    .attr_mask = PT_RWX | PT_CACHE_MASK | PT_SOFT_MASK,
    .leaf = ept_leaf,
    .table = ept_table,
    .leaf_attr = ept_attr,
    .present_bits = E_R | E_W | E_X,
    .size_bits = E_PS,
    .leaf_has_size = true,
};
