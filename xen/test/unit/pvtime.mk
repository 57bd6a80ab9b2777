# SPDX-License-Identifier: GPL-2.0-only
TESTS += pvtime
pvtime_SRCS := arch/x86/time/pvtime.c common/domain/shared_info.c
pvtime_EXTRA := fake_core.c guest_fake.c
