# SPDX-License-Identifier: GPL-2.0-only
TESTS += spec_ctrl
spec_ctrl_SRCS := arch/x86/spec_ctrl.c lib/parse.c
spec_ctrl_EXTRA :=
spec_ctrl_CFLAGS = -include $(T)/msr_fake.h
