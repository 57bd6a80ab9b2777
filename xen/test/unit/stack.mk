# SPDX-License-Identifier: GPL-2.0-only
TESTS += stack
stack_SRCS := arch/x86/entry/stack_alloc.c common/mem/heap.c common/mem/alloc.c \
              common/mem/charge.c
stack_EXTRA := fake_ram.c fake_core.c
