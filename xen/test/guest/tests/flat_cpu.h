/* SPDX-License-Identifier: GPL-2.0-only */
/* The state in which a PVH kernel starts, for a vCPU of a domain that a test makes. */
#ifndef TESTS_FLAT_CPU_H
#define TESTS_FLAT_CPU_H

#include "domctl.h"
#include <public/hvm/save.h>

/* The vCPU has that state, and is up. */
static inline long set_cpu(domid_t id, unsigned int vcpu, const struct hvm_hw_cpu *cpu)
{
    struct {
        struct hvm_save_descriptor header_desc;
        struct hvm_save_header header;
        struct hvm_save_descriptor cpu_desc;
        struct hvm_hw_cpu cpu;
        struct hvm_save_descriptor end_desc;
    } __attribute__((packed)) c = {
        .header_desc = { HVM_SAVE_CODE(HEADER), 0, HVM_SAVE_LENGTH(HEADER) },
        .header = { .magic = HVM_FILE_MAGIC, .version = HVM_FILE_VERSION },
        .cpu_desc = { HVM_SAVE_CODE(CPU), (uint16_t)vcpu, HVM_SAVE_LENGTH(CPU) },
        .cpu = *cpu,
        .end_desc = { HVM_SAVE_CODE(END), 0, 0 },
    };
    struct xen_domctl op = {0};

    op.u.hvmcontext.size = sizeof(c);
    set_xen_guest_handle(op.u.hvmcontext.buffer, (uint8_t *)&c);
    return domctl(&op, XEN_DOMCTL_sethvmcontext, id);
}

/* 32 bits, flat, paging off (CR0.ET is always set), EBX as given. */
static inline long set_flat_cpu(domid_t id, unsigned int vcpu, uint64_t rip, uint64_t rbx)
{
    struct hvm_hw_cpu cpu = {
        .rip = rip, .rbx = rbx, .rflags = 2, .cr0 = 0x11,
        .dr6 = 0xffff0ff0, .dr7 = 0x400,
        .cs_limit = ~0u, .ds_limit = ~0u, .es_limit = ~0u, .ss_limit = ~0u,
        .tr_limit = 0x67, .cs_arbytes = 0xc9b, .ds_arbytes = 0xc93,
        .es_arbytes = 0xc93, .ss_arbytes = 0xc93, .tr_arbytes = 0x8b,
    };

    return set_cpu(id, vcpu, &cpu);
}

#endif
