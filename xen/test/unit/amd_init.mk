# SPDX-License-Identifier: GPL-2.0-only
TESTS += amd_init
amd_init_SRCS := $(addprefix drivers/passthrough/,registers.c amd/init.c \
                              amd/intremap.c amd/device.c)
amd_init_EXTRA := fake_core.c fake_charge.c
amd_init_CFLAGS = -include $(T)/mmio_fake.h
