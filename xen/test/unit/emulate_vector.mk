# SPDX-License-Identifier: GPL-2.0-only
TESTS += emulate_vector
emulate_vector_SRCS = $(EMULATE_SRCS)
emulate_vector_EXTRA := emulate_fake.c
