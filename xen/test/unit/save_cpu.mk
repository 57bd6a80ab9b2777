# SPDX-License-Identifier: GPL-2.0-only
TESTS += save_cpu
save_cpu_SRCS := arch/x86/hvm/save_cpu.c
save_cpu_EXTRA :=
save_cpu_CFLAGS = -I$(X)/arch/x86/hvm
