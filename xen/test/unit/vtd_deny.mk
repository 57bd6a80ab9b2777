# SPDX-License-Identifier: GPL-2.0-only
TESTS += vtd_deny
vtd_deny_SRCS := drivers/passthrough/vtd/init.c drivers/passthrough/vtd/unit.c \
    common/rangeset.c
vtd_deny_EXTRA := fake_core.c fake_charge.c fake_rwlock.c
vtd_deny_CFLAGS = -include $(T)/mmio_fake.h
