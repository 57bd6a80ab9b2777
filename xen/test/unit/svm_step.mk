# SPDX-License-Identifier: GPL-2.0-only
TESTS += svm_step
svm_step_SRCS := arch/x86/hvm/svm/step.c arch/x86/hvm/event.c
svm_step_EXTRA :=
svm_step_CFLAGS = -I$(X)/arch/x86/hvm/svm
