# SPDX-License-Identifier: GPL-2.0-only
TESTS += insn_decode
insn_decode_SRCS := arch/x86/emulate/decode.c arch/x86/emulate/opmap.c
insn_decode_EXTRA :=
