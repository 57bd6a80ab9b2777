/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Long-mode page tables (APM vol. 2 5.3) and nested page tables (15.25). They
 * differ in one point: nested walks check every access as a user access.
 */
#include <asm/pt.h>

#define E_P         (1ull << 0)
#define E_RW        (1ull << 1)
#define E_US        (1ull << 2)
#define E_PWT       (1ull << 3)
#define E_PCD       (1ull << 4)
#define E_A         (1ull << 5)
#define E_D         (1ull << 6)
#define E_PS        (1ull << 7)     /* levels above 0 */
#define E_PAT_4K    (1ull << 7)     /* level 0 */
#define E_G         (1ull << 8)
#define E_PAT_BIG   (1ull << 12)
#define E_SOFT      52
#define E_NX        (1ull << 63)

static pt_entry_t cache_bits(unsigned int level, pt_attr_t attr)
{
    unsigned int pat = (attr & PT_CACHE_MASK) >> PT_CACHE_SHIFT;
    pt_entry_t e = 0;

    if (pat & 1)
        e |= E_PWT;
    if (pat & 2)
        e |= E_PCD;
    if (pat & 4)
        e |= level ? E_PAT_BIG : E_PAT_4K;
    return e;
}

/*
 * Accessed and dirty are set from the start: hardware then never writes to a
 * live entry, and replacing one loses nothing.
 */
static pt_entry_t common_leaf(unsigned int level, unsigned long mfn, pt_attr_t attr)
{
    pt_entry_t e = ((uint64_t)mfn << 12) | E_P | E_A | E_D | cache_bits(level, attr);

    if (attr & PT_W)
        e |= E_RW;
    if (!(attr & PT_X))
        e |= E_NX;
    if (level)
        e |= E_PS;
    return e | ((uint64_t)PT_SOFT_GET(attr) << E_SOFT);
}

static pt_entry_t x86_leaf(unsigned int level, unsigned long mfn, pt_attr_t attr)
{
    pt_entry_t e = common_leaf(level, mfn, attr);

    if (attr & PT_USER)
        e |= E_US;
    if (attr & PT_GLOBAL)
        e |= E_G;
    return e;
}

static pt_entry_t npt_leaf(unsigned int level, unsigned long mfn, pt_attr_t attr)
{
    return common_leaf(level, mfn, attr) | E_US;
}

static pt_entry_t x86_table(unsigned int level, unsigned long mfn)
{
    (void)level;
    return ((uint64_t)mfn << 12) | E_P | E_RW | E_US | E_A;
}

static pt_attr_t npt_attr(unsigned int level, pt_entry_t e)
{
    pt_attr_t attr = PT_R;
    unsigned int pat = 0;

    if (e & E_RW)
        attr |= PT_W;
    if (!(e & E_NX))
        attr |= PT_X;
    if (e & E_PWT)
        pat |= 1;
    if (e & E_PCD)
        pat |= 2;
    if (e & (level ? E_PAT_BIG : E_PAT_4K))
        pat |= 4;
    return attr | (pat << PT_CACHE_SHIFT) | PT_SOFT(e >> E_SOFT);
}

static pt_attr_t x86_attr(unsigned int level, pt_entry_t e)
{
    pt_attr_t attr = npt_attr(level, e);

    if (e & E_US)
        attr |= PT_USER;
    if (e & E_G)
        attr |= PT_GLOBAL;
    return attr;
}

const struct pt_format pt_x86 = {
    .name = "x86",
    .min_levels = 4,
    .max_levels = 5,
    .leaf_levels = 7,
    .attr_mask = PT_RWX | PT_USER | PT_GLOBAL | PT_CACHE_MASK | PT_SOFT_MASK,
    .leaf = x86_leaf,
    .table = x86_table,
    .leaf_attr = x86_attr,
    .present_bits = E_P,
    .size_bits = E_PS,
    .leaf_has_size = true,
    .large_flags = E_PAT_BIG,
};

const struct pt_format pt_npt = {
    .name = "NPT",
    .min_levels = 4,
    .max_levels = 5,
    .leaf_levels = 7,
    .attr_mask = PT_RWX | PT_CACHE_MASK | PT_SOFT_MASK,
    .leaf = npt_leaf,
    .table = x86_table,
    .leaf_attr = npt_attr,
    .present_bits = E_P,
    .size_bits = E_PS,
    .leaf_has_size = true,
    .large_flags = E_PAT_BIG,
};
