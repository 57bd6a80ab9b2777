# SPDX-License-Identifier: GPL-2.0-only
TESTS += emulate
# Shared with emulate_host.
EMULATE_SRCS := arch/x86/emulate/alu.c arch/x86/emulate/decode.c \
    arch/x86/emulate/emulate.c arch/x86/emulate/exec_0f.c \
    arch/x86/emulate/exec_misc.c arch/x86/emulate/exec_one.c \
    arch/x86/emulate/operand.c arch/x86/emulate/opmap.c arch/x86/emulate/string.c \
    arch/x86/emulate/vector.c
emulate_SRCS = $(EMULATE_SRCS)
emulate_EXTRA := emulate_fake.c
