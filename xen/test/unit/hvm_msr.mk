# SPDX-License-Identifier: GPL-2.0-only
TESTS += hvm_msr
hvm_msr_SRCS := arch/x86/hvm/msr.c arch/x86/cpu/policy.c arch/x86/cpu/policy_features.c
hvm_msr_EXTRA :=
hvm_msr_CFLAGS = -include $(T)/msr_fake.h -I$(X)/arch/x86/hvm
