# SPDX-License-Identifier: GPL-2.0-only
TESTS += grant
grant_SRCS = common/grant/batch.c common/grant/copy.c common/grant/entry.c \
             common/grant/map.c common/grant/maptrack.c common/grant/unmap.c \
             common/grant/op.c common/grant/table.c $(p2m_SRCS)
grant_EXTRA := grant_world.c p2m_world.c fake_ram.c fake_core.c guest_fake.c
grant_CFLAGS := -I$(X)/arch/x86/mm/p2m
grant_LIBS := -Wl,--wrap=page_put -Wl,--wrap=p2m_commit -Wl,--wrap=printk
