# SPDX-License-Identifier: GPL-2.0-only
TESTS += vtd_intremap
vtd_intremap_SRCS := drivers/passthrough/vtd/intremap.c
vtd_intremap_EXTRA := fake_core.c fake_charge.c
vtd_intremap_CFLAGS = -include $(T)/mmio_fake.h
