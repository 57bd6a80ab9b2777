/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * AMD IOMMU host page tables (AMD IOMMU spec 2.2.3). An entry names the level
 * of what it points to: 0 means a page of this level's size, n a table whose
 * entries are of level n in the spec's counting, which starts at 1.
 * Encoding 7 (odd page sizes) is neither made nor expected. Level skipping
 * is not used. Permissions accumulate over the walk, so tables allow all.
 */
#include <asm/pt.h>

#define E_PR        (1ull << 0)
#define E_NEXT      9
#define E_NEXT_MASK (7ull << E_NEXT)
#define E_FC        (1ull << 60)
#define E_IR        (1ull << 61)
#define E_IW        (1ull << 62)

static pt_entry_t amdvi_leaf(unsigned int level, unsigned long mfn, pt_attr_t attr)
{
    pt_entry_t e = ((uint64_t)mfn << 12) | E_PR;

    (void)level;
    if (attr & PT_R)
        e |= E_IR;
    if (attr & PT_W)
        e |= E_IW;
    if (attr & PT_SNOOP)
        e |= E_FC;
    return e;
}

static pt_entry_t amdvi_table(unsigned int level, unsigned long mfn)
{
    return ((uint64_t)mfn << 12) | E_PR | E_IR | E_IW | ((uint64_t)level << E_NEXT);
}

static pt_attr_t amdvi_attr(unsigned int level, pt_entry_t e)
{
    pt_attr_t attr = 0;

    (void)level;
    if (e & E_IR)
        attr |= PT_R;
    if (e & E_IW)
        attr |= PT_W;
    if (e & E_FC)
        attr |= PT_SNOOP;
    return attr;
}

const struct pt_format pt_amdvi = {
    .name = "AMD-Vi",
    .min_levels = 1,
    .max_levels = 6,
    .leaf_levels = 7,
    .attr_mask = PT_RW | PT_SNOOP,
    .leaf = amdvi_leaf,
    .table = amdvi_table,
    .leaf_attr = amdvi_attr,
    .present_bits = E_PR,
    .size_bits = E_NEXT_MASK,
    .leaf_has_size = false,
};
