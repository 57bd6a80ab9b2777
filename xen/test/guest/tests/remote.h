/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A PVH domain made by hypercalls alone, with remote/remote.c as its kernel, and how to
 * make that kernel do things. Such a domain can be given devices.
 */
#ifndef TESTS_REMOTE_H
#define TESTS_REMOTE_H

#include <public/arch-x86/hvm/start_info.h>
#include "../remote/mailbox.h"
#include "flat_cpu.h"
#include "passthrough.h"

#define REMOTE_VIEW     0x60000ul   /* frames: where we see the domain's first 2 MiB */
#define REMOTE_PAGES    512u
#define REMOTE_MORE     0x1000ul    /* frames: for what its kernel allocates */

/* The kernel, as it lies in memory. */
__asm__(".pushsection .rodata\n"
        "remote_kernel: .incbin \"remote/remote.bin\"\n"
        "remote_kernel_end: .popsection");
extern const char remote_kernel[], remote_kernel_end[];

static volatile struct remote_mailbox *const remote_box =
    (void *)((REMOTE_VIEW << 12) + REMOTE_MAILBOX);

/* The domain's memory at gpa, below 2 MiB, as we see it. */
static inline void *remote_memory(uint64_t gpa)
{
    return (void *)((REMOTE_VIEW << 12) + gpa);
}

static inline long remote_see(domid_t id)
{
    static xen_ulong_t from[REMOTE_PAGES];
    static xen_pfn_t to[REMOTE_PAGES];
    static int errs[REMOTE_PAGES];
    struct xen_add_to_physmap_batch add = {
        .domid = DOMID_SELF, .space = XENMAPSPACE_gmfn_foreign, .size = REMOTE_PAGES,
        .u.foreign_domid = id,
    };
    long rc;

    for (unsigned int i = 0; i < REMOTE_PAGES; i++) {
        from[i] = i;
        to[i] = REMOTE_VIEW + i;
    }
    set_xen_guest_handle(add.idxs, from);
    set_xen_guest_handle(add.gpfns, to);
    set_xen_guest_handle(add.errs, errs);
    rc = HC2(__HYPERVISOR_memory_op, XENMEM_add_to_physmap_batch, &add);
    for (unsigned int i = 0; i < REMOTE_PAGES && !rc; i++)
        rc = errs[i];
    return rc;
}

static inline void remote_unsee(void)
{
    for (unsigned int i = 0; i < REMOTE_PAGES; i++)
        drop_page(REMOTE_VIEW + i);
}

static inline void remote_load_kernel(void)
{
    struct hvm_start_info *info = remote_memory(REMOTE_INFO);
    struct hvm_memmap_table_entry *map = (void *)(info + 1);

    memcpy(remote_memory(REMOTE_ENTRY), remote_kernel, remote_kernel_end - remote_kernel);
    *info = (struct hvm_start_info){
        .magic = XEN_HVM_START_MAGIC_VALUE, .version = 1,
        .memmap_paddr = REMOTE_INFO + sizeof(*info), .memmap_entries = 2,
    };
    map[0] = (struct hvm_memmap_table_entry){ 0, (uint64_t)REMOTE_PAGES << 12, 1, 0 };
    map[1] = (struct hvm_memmap_table_entry){ REMOTE_MORE << 12, 16 << 12, 1, 0 };
}

/* A domain that runs the kernel and waits for commands: 0, or what refused. */
static inline long remote_start(domid_t *id, uint32_t emulate)
{
    struct xen_domctl op;
    long rc;

    config(&op, 1);
    op.u.createdomain.flags |= XEN_DOMCTL_CDF_iommu;
    op.u.createdomain.arch.emulation_flags = emulate;
    rc = domctl(&op, XEN_DOMCTL_createdomain, 0);
    *id = op.domain;
    if (rc || (rc = max_vcpus(*id, 1)))
        return rc;
    rc = populate(*id, 0, REMOTE_PAGES);
    if (rc != REMOTE_PAGES)
        return rc < 0 ? rc : -XEN_ENOMEM;
    rc = populate(*id, REMOTE_MORE, 16);
    if (rc != 16)
        return rc < 0 ? rc : -XEN_ENOMEM;
    if ((rc = remote_see(*id)))
        return rc;
    remote_load_kernel();
    if ((rc = set_flat_cpu(*id, 0, REMOTE_ENTRY, REMOTE_INFO)) ||
        (rc = simple(XEN_DOMCTL_unpausedomain, *id)))
        return rc;
    return SOON(remote_box->ready == REMOTE_READY) ? 0 : -XEN_ETIMEDOUT;
}

/* What the toolstack does about a memory BAR: host frames from first on. */
static inline long permit_frames(domid_t dom, unsigned long first, unsigned long n,
                                 bool allow)
{
    struct xen_domctl op = {0};

    op.u.iomem_permission.first_mfn = first;
    op.u.iomem_permission.nr_mfns = n;
    op.u.iomem_permission.allow_access = allow;
    return domctl(&op, XEN_DOMCTL_iomem_permission, dom);
}

/* What is free and what the hypervisor uses, to be compared when all is gone again. */
struct remote_count {
    uint64_t pages;
    long used;
};

static inline struct remote_count remote_count(void)
{
    return (struct remote_count){ free_pages(), bytes_in_use() };
}

/* Do not wait for the answer. */
static inline void remote_post(enum remote_command command, uint64_t address,
                               uint32_t size, uint64_t value)
{
    remote_box->command = command;
    remote_box->address = address;
    remote_box->size = size;
    remote_box->value = value;
    __asm__ volatile("" ::: "memory");
    remote_box->asked++;
}

/* false: it did not answer in time. */
static inline bool remote_done(void)
{
    if (SOON(remote_box->answered == remote_box->asked))
        return true;
    print("no answer to command %u, address %lx\n", remote_box->command,
          remote_box->address);
    return false;
}

static inline uint64_t remote_ask(enum remote_command command, uint64_t address,
                                  uint32_t size, uint64_t value)
{
    remote_post(command, address, size, value);
    return remote_done() ? remote_box->value : 0xdeaddeaddeaddeadull;
}

static inline uint64_t remote_read(uint64_t address, uint32_t size)
{
    return remote_ask(REMOTE_LOAD, address, size, 0);
}

static inline void remote_write(uint64_t address, uint32_t size, uint64_t value)
{
    remote_ask(REMOTE_STORE, address, size, value);
}

/* Config space of bus 0. */
static inline uint32_t remote_config(unsigned int devfn, unsigned int reg,
                                     unsigned int size)
{
    return (uint32_t)remote_ask(REMOTE_CONFIG_LOAD, 0x80000000u | devfn << 8 | reg, size,
                                0);
}

static inline void remote_set_config(unsigned int devfn, unsigned int reg,
                                     unsigned int size, uint32_t value)
{
    remote_ask(REMOTE_CONFIG_STORE, 0x80000000u | devfn << 8 | reg, size, value);
}

/* Wait on our side until the vector has come n times; what it came to. */
static inline uint32_t remote_arrived(unsigned int vector, uint32_t n)
{
    volatile uint32_t *count = &remote_box->arrived[vector - REMOTE_VECTOR];

    (void)SOON(*count >= n);
    return *count;
}

/* How many interrupts it has had. */
static inline uint32_t remote_total(void)
{
    uint32_t sum = 0;

    for (unsigned int i = 0; i < REMOTE_VECTORS; i++)
        sum += remote_box->arrived[i];
    return sum;
}

/* Long enough for what was sent to arrive, on a slow machine too: the domain has run. */
static inline void remote_settle(void)
{
    for (unsigned int n = 0; n < 10; n++) {
        (void)remote_ask(REMOTE_IN, 0xcf8, 4, 0);
        delay_ns(10000000);
    }
}

/* Capability id of a device, by the domain's own walk of the list; 0: none. */
static inline unsigned int remote_capability(unsigned int devfn, uint8_t id)
{
    unsigned int pos = 0;

    if (remote_config(devfn, 6, 2) & 0x10)
        pos = remote_config(devfn, 0x34, 1);
    for (unsigned int n = 0; pos && n < 48; n++) {
        uint32_t head = remote_config(devfn, pos, 2);

        if ((head & 0xff) == id)
            return pos;
        pos = head >> 8;
    }
    return 0;
}

#endif
