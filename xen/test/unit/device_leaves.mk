# SPDX-License-Identifier: GPL-2.0-only
TESTS += device_leaves
device_leaves_SRCS = $(vpci_SRCS) \
                     $(addprefix drivers/passthrough/,device.c iommu.c requester.c)
device_leaves_EXTRA = $(vpci_EXTRA) leave_world.c
device_leaves_CFLAGS = $(vpci_CFLAGS) -DCONFIG_AMD_IOMMU
