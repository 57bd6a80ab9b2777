/* SPDX-License-Identifier: GPL-2.0-only */
/* What VT-d's tables and flushes are like; init.c fills in what the units agree on. */
#include <xen/init.h>
#include <xen/lib.h>

#include "hw.h"

static bool dead(unsigned int unit)
{
    return vtd_units[unit]->dead;
}

/* Units with write buffers must empty them before the tables are looked at (6.8). */
static int settle(unsigned int unit)
{
    struct vtd_unit *u = vtd_units[unit];
    int err = 0;

    if (u->cap & CAP_WRITE_BUFFER) {
        uint64_t flags = spin_lock_irqsave(&vtd_hw_lock);

        err = u->dead ? -ETIMEDOUT : vtd_global(u, G_WRITE_BUFFER, true);
        if (err)
            vtd_give_up(u, "flushing the write buffer");
        spin_unlock_irqrestore(&vtd_hw_lock, flags);
    }
    return err;
}

static uint64_t post(unsigned int unit, const struct iommu_command *cmds, unsigned int n)
{
    return vtd_post(vtd_units[unit], cmds, n);
}

static int wait(unsigned int unit, uint64_t number)
{
    return vtd_wait(vtd_units[unit], (uint32_t)number);
}

struct iommu_model vtd_model __ro_after_init = {
    .format = &pt_vtd,
    .dead = dead,
    .settle = settle,
    .post = post,
    .wait = wait,
    .cmd_pages = vtd_cmd_pages,
    .cmd_domain = vtd_cmd_domain,
};
