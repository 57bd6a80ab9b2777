/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Flush before put, proven with a device (XSA-346). QEMU's edu writes to a frame number
 * while that number loses its page in each way there is. Its DMA comes 100 ms after the
 * command, so the removal is long done, and only a translation that was left in
 * the IOTLB lets it through. What would be wrong: one changed byte in a page that was
 * taken away, seen where it is now: a new owner's page, or the place it moved to.
 */
#include <public/domctl.h>
#include <public/errno.h>
#include <public/memory.h>
#include "../guest.h"

#define FIRST   0x50000ul
#define AGAIN   0x60000ul   /* where freed frames come back */
#define BYTES   0x1000ul
#define HALF    0x800ul     /* QEMU 7.2 refuses to fill the device's whole buffer */
#define MARK    0xedededededededeeul

#define EDU_ID      0x11e81234u
#define EDU_SOURCE  0x80
#define EDU_TARGET  0x88
#define EDU_COUNT   0x90
#define EDU_COMMAND 0x98
#define EDU_BUFFER  0x40000ul
#define EDU_START   1u
#define EDU_TO_RAM  2u

static volatile uint8_t *edu;

static volatile uint64_t *at(unsigned long gfn)
{
    return (volatile uint64_t *)(gfn * BYTES);
}

static uint32_t inl(uint16_t port)
{
    uint32_t v;

    __asm__ volatile("inl %1, %0" : "=a"(v) : "Nd"(port));
    return v;
}

static void outl(uint32_t v, uint16_t port)
{
    __asm__ volatile("outl %0, %1" ::"a"(v), "Nd"(port));
}

static uint32_t config_read(unsigned int devfn, unsigned int reg)
{
    outl(0x80000000u | devfn << 8 | reg, 0xcf8);
    return inl(0xcfc);
}

static void config_write(unsigned int devfn, unsigned int reg, uint32_t v)
{
    outl(0x80000000u | devfn << 8 | reg, 0xcf8);
    outl(v, 0xcfc);
}

/* The device, with memory decoding and bus mastering on. */
static bool find_edu(void)
{
    for (unsigned int devfn = 0; devfn < 256 && !edu; devfn++) {
        if (config_read(devfn, 0) != EDU_ID)
            continue;
        config_write(devfn, 4, config_read(devfn, 4) | 6);
        edu = (volatile uint8_t *)(uintptr_t)(config_read(devfn, 0x10) & ~15u);
        print("edu at %x, registers at %p\n", devfn, (void *)edu);
    }
    return edu != NULL;
}

static void edu_write(unsigned int reg, uint64_t v)
{
    *(volatile uint64_t *)(edu + reg) = v;
}

static bool edu_busy(void)
{
    return *(volatile uint64_t *)(edu + EDU_COMMAND) & EDU_START;
}

/* Begins a DMA of half a page; it happens 100 ms later. */
static void edu_begin(bool to_ram, unsigned long gfn)
{
    edu_write(EDU_SOURCE, to_ram ? EDU_BUFFER : gfn * BYTES);
    edu_write(EDU_TARGET, to_ram ? gfn * BYTES : EDU_BUFFER);
    edu_write(EDU_COUNT, HALF);
    edu_write(EDU_COMMAND, EDU_START | (to_ram ? EDU_TO_RAM : 0));
}

static bool edu_finish(void)
{
    for (unsigned int ms = 0; ms < 5000 && edu_busy(); ms++)
        delay_ns(1000000);
    return !edu_busy();
}

/* The IOTLB has the translation of gfn afterwards. */
static bool edu_warm(unsigned long gfn)
{
    edu_begin(true, gfn);
    return edu_finish() && at(gfn)[0] == MARK && at(gfn)[HALF / 8 - 1] == MARK;
}

static long memory_op(unsigned int cmd, void *arg)
{
    return HC2(__HYPERVISOR_memory_op, cmd, arg);
}

static long reserve(xen_pfn_t *list, unsigned int cmd, domid_t dom, unsigned long gfn,
                    unsigned int n)
{
    struct xen_memory_reservation r = { .nr_extents = n, .domid = dom };

    for (unsigned int i = 0; i < n; i++)
        list[i] = gfn + i;
    set_xen_guest_handle(r.extent_start, list);
    return memory_op(cmd, &r);
}

static xen_pfn_t list[1100];

static long populate(unsigned long gfn, unsigned int n)
{
    return reserve(list, XENMEM_populate_physmap, DOMID_SELF, gfn, n);
}

static long decrease(unsigned long gfn, unsigned int n)
{
    return reserve(list, XENMEM_decrease_reservation, DOMID_SELF, gfn, n);
}

static long drop(unsigned long gfn)
{
    struct xen_remove_from_physmap x = { .domid = DOMID_SELF, .gpfn = gfn };

    return memory_op(XENMEM_remove_from_physmap, &x);
}

static long move(unsigned long from, unsigned long to, unsigned int n)
{
    struct xen_add_to_physmap x = {
        .domid = DOMID_SELF, .size = n, .space = XENMAPSPACE_gmfn_range, .idx = from,
        .gpfn = to,
    };

    return memory_op(XENMEM_add_to_physmap, &x);
}

static bool all_zero(unsigned long gfn, unsigned int n)
{
    for (unsigned int i = 0; i < n; i++)
        for (unsigned int k = 0; k < 512; k++)
            if (at(gfn + i)[k]) {
                print("page %u of %lx changed\n", i, gfn);
                return false;
            }
    return true;
}

TEST(dma_works)
{
    unsigned int k;

    CHECK(find_edu());
    for (k = 0; k < 1200; k++)
        decrease((uintptr_t)page_alloc() / BYTES, 1);
    CHECK_EQ(populate(FIRST, 2), 2);
    for (k = 0; k < 512; k++)
        at(FIRST)[k] = MARK;
    edu_begin(false, FIRST);
    CHECK(edu_finish());
    CHECK(edu_warm(FIRST + 1));
    CHECK_EQ(decrease(FIRST, 2), 2);
}

/* The frames come back zero, and stay zero while the device writes. */
TEST(given_back)
{
    static const unsigned int sizes[] = { 1, 2, 15, 16, 17, 511, 512, 513 };
    unsigned int i, last;

    for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        last = sizes[i] - 1;
        CHECK_EQ(populate(FIRST, sizes[i]), sizes[i]);
        CHECK(edu_warm(FIRST + last));
        edu_begin(true, FIRST + last);
        CHECK_EQ(decrease(FIRST, sizes[i]), sizes[i]);
        CHECK_EQ(populate(AGAIN, sizes[i]), sizes[i]);
        CHECK(edu_finish());
        CHECK(all_zero(AGAIN, sizes[i]));
        CHECK_EQ(decrease(AGAIN, sizes[i]), sizes[i]);
    }
}

TEST(moved)
{
    static const unsigned int sizes[] = { 1, 16, 513 };
    unsigned int i, k, last;

    for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        last = sizes[i] - 1;
        CHECK_EQ(populate(FIRST, sizes[i]), sizes[i]);
        CHECK(edu_warm(FIRST + last));
        for (k = 0; k < 512; k++)
            at(FIRST + last)[k] = 0;
        edu_begin(true, FIRST + last);
        CHECK_EQ(move(FIRST, AGAIN, sizes[i]), 0);
        CHECK(edu_finish());
        CHECK(all_zero(AGAIN, sizes[i]));
        /* The new place works. */
        CHECK(edu_warm(AGAIN + last));
        CHECK_EQ(decrease(AGAIN, sizes[i]), sizes[i]);
    }
}

/* What the moved pages replace is freed. */
TEST(replaced)
{
    CHECK_EQ(populate(FIRST, 16), 16);
    CHECK_EQ(populate(FIRST + 100, 16), 16);
    CHECK(edu_warm(FIRST + 100));
    edu_begin(true, FIRST + 100);
    CHECK_EQ(move(FIRST, FIRST + 100, 16), 0);
    CHECK_EQ(populate(AGAIN, 16), 16);
    CHECK(edu_finish());
    CHECK(all_zero(AGAIN, 16));
    /* It went to the page that is there now. */
    CHECK_EQ(at(FIRST + 100)[0], MARK);
    /* A new frame in place of an old one. */
    edu_begin(true, FIRST + 101);
    CHECK(edu_finish());
    edu_begin(true, FIRST + 101);
    CHECK_EQ(populate(FIRST + 101, 1), 1);
    CHECK_EQ(populate(AGAIN + 16, 1), 1);
    CHECK(edu_finish());
    CHECK(all_zero(AGAIN + 16, 1));
    CHECK_EQ(decrease(AGAIN, 17), 17);
    CHECK_EQ(decrease(FIRST + 100, 16), 16);
}

/* A page out of a superpage; its neighbours can still be reached. */
TEST(split)
{
    struct xen_memory_reservation r = { .nr_extents = 1, .extent_order = 9,
                                        .domid = DOMID_SELF };
    xen_pfn_t gfn = FIRST;

    set_xen_guest_handle(r.extent_start, &gfn);
    CHECK_EQ(memory_op(XENMEM_populate_physmap, &r), 1);
    CHECK(edu_warm(FIRST + 77));
    edu_begin(true, FIRST + 77);
    CHECK_EQ(decrease(FIRST + 77, 1), 1);
    CHECK_EQ(populate(AGAIN, 1), 1);
    CHECK(edu_finish());
    CHECK(all_zero(AGAIN, 1));
    CHECK(edu_warm(FIRST + 78));
    CHECK(edu_warm(FIRST + 76));
    CHECK_EQ(decrease(AGAIN, 1), 1);
    CHECK_EQ(decrease(FIRST, 77), 77);
    CHECK_EQ(decrease(FIRST + 78, 512 - 78), 512 - 78);
}

static volatile unsigned int racing;

/* Takes away the pages at the place that the other CPU moves pages to. */
static void racer(unsigned int n)
{
    static xen_pfn_t mine[1];

    while (racing)
        for (unsigned int i = 0; i < 16 && racing; i++)
            reserve(mine, XENMEM_decrease_reservation, DOMID_SELF, FIRST + 100 + i, 1);
    (void)n;
}

TEST(moved_and_raced)
{
    unsigned int round, i, ms;

    if (cpu_count() < 2)
        return;
    racing = 1;
    CHECK(cpu_start(1, racer));
    for (round = 0; round < 5; round++) {
        CHECK_EQ(populate(FIRST, 16), 16);
        CHECK(edu_warm(FIRST + 15));
        edu_begin(true, FIRST + 15);
        CHECK_EQ(move(FIRST, FIRST + 100, 16), 0);
        CHECK_EQ(populate(AGAIN, 16), 16);
        CHECK(edu_finish());
        CHECK(all_zero(AGAIN, 16));
        CHECK_EQ(decrease(AGAIN, 16), 16);
    }
    racing = 0;
    for (ms = 0; ms < 1000 && !cpu_finished(1); ms++)
        delay_ns(1000000);
    CHECK(cpu_finished(1));
    for (i = 0; i < 16; i++)
        decrease(FIRST + 100 + i, 1);
}

/* --- another domain's page --------------------------------------------------------- */

static long domctl(struct xen_domctl *op, uint32_t cmd, domid_t dom)
{
    op->cmd = cmd;
    op->interface_version = XEN_DOMCTL_INTERFACE_VERSION;
    op->domain = dom;
    return HC(__HYPERVISOR_domctl, op, 0, 0, 0, 0);
}

static long map_foreign(domid_t dom, unsigned long idx, unsigned long gfn)
{
    xen_ulong_t idxs = idx;
    xen_pfn_t gfns = gfn;
    int err = 1;
    struct xen_add_to_physmap_batch b = {
        .domid = DOMID_SELF, .space = XENMAPSPACE_gmfn_foreign, .size = 1,
        .u.foreign_domid = dom,
    };
    long rc;

    set_xen_guest_handle(b.idxs, &idxs);
    set_xen_guest_handle(b.gpfns, &gfns);
    set_xen_guest_handle(b.errs, &err);
    rc = memory_op(XENMEM_add_to_physmap_batch, &b);
    return rc ? rc : err;
}

TEST(foreign)
{
    struct xen_domctl op = {
        .u.createdomain = {
            .flags = XEN_DOMCTL_CDF_hvm | XEN_DOMCTL_CDF_hap, .max_vcpus = 1,
            .max_evtchn_port = 1023, .max_grant_frames = -1, .max_maptrack_frames = -1,
            .grant_opts = 2, .arch.emulation_flags = XEN_X86_EMU_LAPIC,
        },
    };
    domid_t dom;
    unsigned int k;

    CHECK_EQ(domctl(&op, XEN_DOMCTL_createdomain, 0), 0);
    dom = op.domain;
    memset(&op, 0, sizeof(op));
    op.u.max_mem.max_memkb = 64;
    CHECK_EQ(domctl(&op, XEN_DOMCTL_max_mem, dom), 0);
    CHECK_EQ(reserve(list, XENMEM_populate_physmap, dom, 5, 1), 1);
    CHECK_EQ(map_foreign(dom, 5, FIRST), 0);
    CHECK_EQ(map_foreign(dom, 5, FIRST + 1), 0);
    CHECK(edu_warm(FIRST));
    for (k = 0; k < 512; k++)
        at(FIRST)[k] = 0;
    edu_begin(true, FIRST);
    CHECK_EQ(drop(FIRST), 0);
    CHECK(edu_finish());
    CHECK(all_zero(FIRST + 1, 1));
    CHECK(edu_warm(FIRST + 1));

    /* The last of the domain's page goes with the mapping. */
    CHECK_EQ(domctl(&op, XEN_DOMCTL_destroydomain, dom), 0);
    edu_begin(true, FIRST + 1);
    CHECK_EQ(drop(FIRST + 1), 0);
    CHECK_EQ(populate(AGAIN, 64), 64);
    CHECK(edu_finish());
    CHECK(all_zero(AGAIN, 64));
    CHECK_EQ(decrease(AGAIN, 64), 64);
}
