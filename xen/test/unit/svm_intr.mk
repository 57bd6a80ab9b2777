# SPDX-License-Identifier: GPL-2.0-only
TESTS += svm_intr
svm_intr_SRCS := arch/x86/hvm/svm/intr.c
svm_intr_CFLAGS = -I$(X)/arch/x86/hvm/svm
