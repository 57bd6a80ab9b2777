/* SPDX-License-Identifier: GPL-2.0-only */
/* MSRs for sources that use them, on the host: a test defines those it needs. */
#ifndef MSR_FAKE_H
#define MSR_FAKE_H

#include <stdint.h>

uint64_t rdmsr(uint32_t msr);
void wrmsr(uint32_t msr, uint64_t val);
int rdmsr_safe(uint32_t msr, uint64_t *val);
int wrmsr_safe(uint32_t msr, uint64_t val);

#endif
