/* SPDX-License-Identifier: GPL-2.0-only */
/* What AMD-Vi's tables and flushes are like. */
#include <xen/lib.h>

#include "hw.h"

/* A hull larger than this is dearer to look up than to drop the lot. */
#define WHOLE_ORDER 27

static bool dead(unsigned int unit)
{
    return amd_units[unit]->dead;
}

static uint64_t post(unsigned int unit, const struct iommu_command *cmds, unsigned int n)
{
    return amd_post(amd_units[unit], cmds, n);
}

static int wait(unsigned int unit, uint64_t number)
{
    return amd_wait(amd_units[unit], number);
}

const struct iommu_model amd_model = {
    .format = &pt_amdvi,
    .absent = AMD_ABSENT,
    .levels = AMD_LEVELS,
    .max_leaf = 2,
    .attr = PT_SNOOP,
    .max_ids = 65536,
    .max_order = WHOLE_ORDER,
    .dead = dead,
    .post = post,
    .wait = wait,
    .cmd_pages = amd_cmd_pages,
    .cmd_domain = amd_cmd_domain,
};
