/* SPDX-License-Identifier: GPL-2.0-only */
/* The way in for hypercalls of HVM guests, and the page that wraps it for them. */
#include <xen/domain.h>
#include <xen/errno.h>
#include <xen/guest_access.h>
#include <xen/hypercall.h>
#include <xen/lib.h>
#include <xen/shared_info.h>
#include <asm/current.h>
#include <asm/msr.h>
#include "private.h"

#define PAGE_SLOTS 64
#define SLOT_BYTES 32

static bool call64(struct cpu_user_regs *r)
{
    unsigned long a[6] = { r->rdi, r->rsi, r->rdx, r->r10, r->r8, r->r9 };
    long rc = hypercall_dispatch((unsigned int)r->rax, a);

    if (rc != -ERESTART) {
        r->rax = (unsigned long)rc;
        return true;
    }
    r->rdi = a[0];
    r->rsi = a[1];
    r->rdx = a[2];
    r->r10 = a[3];
    r->r8 = a[4];
    r->r9 = a[5];
    return false;
}

static bool call32(struct cpu_user_regs *r)
{
    unsigned long a[6] = {
        (uint32_t)r->rbx, (uint32_t)r->rcx, (uint32_t)r->rdx,
        (uint32_t)r->rsi, (uint32_t)r->rdi, (uint32_t)r->rbp,
    };
    long rc = hvm_compat_hypercall((unsigned int)r->rax, a);

    if (rc != -ERESTART) {
        r->rax = (uint32_t)rc;
        return true;
    }
    r->rbx = (uint32_t)a[0];
    r->rcx = (uint32_t)a[1];
    r->rdx = (uint32_t)a[2];
    r->rsi = (uint32_t)a[3];
    r->rdi = (uint32_t)a[4];
    r->rbp = (uint32_t)a[5];
    return false;
}

bool hvm_do_hypercall(struct vcpu *v)
{
    struct cpu_user_regs *r = &v->arch.regs;
    unsigned int bytes = hvm_code_bytes(v);

    /* Processes do not get to make hypercalls, nor do 16-bit programs. */
    if (bytes == 2 || hvm_cpl(v)) {
        r->rax = bytes == 8 ? (unsigned long)-EPERM : (uint32_t)-EPERM;
        return true;
    }
    return bytes == 8 ? call64(r) : call32(r);
}

void hvm_latch_shared_layout(void)
{
    domain_set_shared_layout(current->domain, hvm_code_bytes(current) != 8);
}

/* One slot: mov $nr, %eax; VMMCALL or VMCALL; ret. */
static void fill_slot(uint8_t *slot, uint32_t nr)
{
    slot[0] = 0xb8;
    memcpy(&slot[1], &nr, sizeof(nr));
    memcpy(&slot[5], hvm->hypercall_insn, sizeof(hvm->hypercall_insn));
    slot[8] = 0xc3;
}

int hvm_write_hypercall_page(struct vcpu *v, uint64_t val)
{
    static const uint8_t undefined[2] = { 0x0f, 0x0b };
    uint8_t slot[SLOT_BYTES];

    /* The low bits choose a page of several; there is one. */
    if (val & ~PAGE_MASK)
        return -EPERM;
    for (uint32_t nr = 0; nr < PAGE_SLOTS; nr++) {
        memset(slot, 0xcc, sizeof(slot));
        if (nr == __HYPERVISOR_iret)
            memcpy(slot, undefined, sizeof(undefined));
        else
            fill_slot(slot, nr);
        if (copy_to_guest_phys(v->domain, val + nr * SLOT_BYTES, slot, sizeof(slot)))
            return -EPERM;
    }
    hvm_latch_shared_layout();
    return 0;
}
