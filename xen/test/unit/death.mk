# SPDX-License-Identifier: GPL-2.0-only
TESTS += death
death_SRCS := common/domain/death.c
death_EXTRA := fake_core.c
