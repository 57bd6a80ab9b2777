/* SPDX-License-Identifier: GPL-2.0-only */
/* CPUID for guests: their policy, seen from a vCPU's state. */
#include <xen/domain.h>
#include <xen/time.h>
#include <asm/cpu_policy.h>
#include <asm/msr.h>
#include "private.h"

/*
 * Ticks to nanoseconds as public/arch-x86/cpuid.h has it: (ticks << shift) * mul >> 32.
 */
static void tsc_scale(uint32_t khz, uint32_t *mul, int8_t *shift)
{
    uint64_t hz = (uint64_t)khz * 1000;

    *shift = 0;
    *mul = 0;
    if (!hz)
        return;
    for (; hz > 2000000000ULL; hz >>= 1)
        --*shift;
    for (; hz <= 1000000000ULL; hz <<= 1)
        ++*shift;
    *mul = (uint32_t)((1000000000ULL << 32) / hz);
}

void hvm_cpuid(struct vcpu *v, uint32_t leaf, uint32_t sub, uint32_t out[4])
{
    struct domain *d = v->domain;
    struct cpuid_leaf res;
    struct cpuid_view view = {
        .policy = d->arch.policy,
        .vcpu_id = v->vcpu_id,
        .domid = d->domain_id,
        .cr4 = v->arch.hvm.guest_cr[4],
        .apic_enabled = vlapic_base_msr(v) & APIC_BASE_ENABLE,
        .long_mode = leaf == 0x80000001 && hvm_code_bytes(v) == 8,
        .tsc_mode = d->arch.tsc_mode,
        .tsc_khz = d->arch.tsc_khz ? d->arch.tsc_khz : cpu_khz,
        .host_tsc_khz = cpu_khz,
    };

    if (leaf == 0xd)
        view.xcr0 = hvm_get_xcr0(v);
    if (leaf == 0x40000003) {
        view.tsc_reliable = cpu_has(X86_FEATURE_ITSC);
        view.tsc_offset = (uint64_t)v->arch.hvm.tsc_offset;
        tsc_scale(view.tsc_khz, &view.tsc_mul, &view.tsc_shift);
    }
    cpuid_view_query(&view, leaf, sub, &res);
    out[0] = res.a;
    out[1] = res.b;
    out[2] = res.c;
    out[3] = res.d;
}
