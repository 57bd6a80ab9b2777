/* SPDX-License-Identifier: GPL-2.0-only */
/* What drivers/passthrough needs around device.c and iommu.c, beside vpci_world.h. */
#ifndef LEAVE_WORLD_H
#define LEAVE_WORLD_H

#include <xen/iommu.h>
#include "vpci_world.h"

extern struct domain *attached;     /* whose tables the device uses */
extern unsigned int resets;         /* that were begun */
/* Nothing is attached; the list of devices has dev alone. */
void reset_machine(void);

#endif
