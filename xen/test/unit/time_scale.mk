# SPDX-License-Identifier: GPL-2.0-only
TESTS += time_scale
time_scale_SRCS := common/time_scale.c
time_scale_EXTRA :=
