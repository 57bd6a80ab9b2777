# SPDX-License-Identifier: GPL-2.0-only
TESTS += vcpus
vcpus_SRCS := common/domain/vcpu.c
vcpus_EXTRA := fake_core.c fake_charge.c
