/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A thousand domains that own a device live and die: killed after each step of their
 * making, in two orders, with a grant of theirs mapped by us, with the device handed back
 * before, or while it writes to their memory. Afterwards the heap is what it was, to the
 * byte (a debug build of the hypervisor stops at a charge that is not zero), and the
 * device works for us.
 */
#include <public/event_channel.h>
#include <public/grant_table.h>
#include "passthrough.h"

#define ROUNDS      1000u
#define WINDOW      0x70000ul   /* the device's registers, for us */
#define VIEW        0x90000ul   /* the domain's grant frame, for us */
#define LENT        0x90001ul   /* its page, for us, by grant */
#define THEIRS      0x100ul     /* its page, for it */
#define THEIR_REGS  0x500ul     /* the device's registers, for it */
#define REF         8
#define MARK        0x3333ul

static const uintptr_t regs = WINDOW << 12;
static volatile uint64_t *const lent = (volatile uint64_t *)(LENT << 12);
static uint32_t devfn, registers_mfn;
static unsigned int late; /* transfers that came after the domain's death */
static volatile uint64_t ours[512] __attribute__((aligned(4096)));

struct life {
    domid_t id;
    unsigned int number;
    bool alive, viewed, owns, lent, dma;
    uint32_t handle;
};

static bool has_transfer(const struct life *l)
{
    return l->number % 30 == 9;
}

/* --- steps: 0 or an error ---------------------------------------------------------- */

static long make(struct life *l)
{
    /* Without a virtual bus the device stays switched on for our transfer. */
    uint32_t emulate = has_transfer(l) ? 0 : XEN_X86_EMU_VPCI;
    long rc = create_for_devices(2, emulate, &l->id);

    l->alive = rc == 0;
    return rc;
}

static long vcpus(struct life *l)
{
    return max_vcpus(l->id, 2);
}

static long memory(struct life *l)
{
    return populate(l->id, THEIRS, 16) == 16 ? 0 : -1;
}

static long channel(struct life *l)
{
    struct evtchn_alloc_unbound alloc = {.dom = l->id, .remote_dom = DOMID_SELF};

    return HC2(__HYPERVISOR_event_channel_op, EVTCHNOP_alloc_unbound, &alloc);
}

static long device(struct life *l)
{
    long rc = assign_device(l->id, devfn);

    l->owns = rc == 0;
    return rc;
}

/* What the toolstack does for a device: permission, then the registers' place. */
static long window(struct life *l)
{
    struct xen_domctl op = {0};
    long rc;

    op.u.iomem_permission.first_mfn = registers_mfn;
    op.u.iomem_permission.nr_mfns = 1;
    op.u.iomem_permission.allow_access = 1;
    rc = domctl(&op, XEN_DOMCTL_iomem_permission, l->id);
    memset(&op, 0, sizeof(op));
    op.u.memory_mapping.first_gfn = THEIR_REGS;
    op.u.memory_mapping.first_mfn = registers_mfn;
    op.u.memory_mapping.nr_mfns = 1;
    op.u.memory_mapping.add_mapping = DPCI_ADD_MAPPING;
    return rc ? rc : domctl(&op, XEN_DOMCTL_memory_mapping, l->id);
}

static long table(struct life *l)
{
    xen_pfn_t gfn = VIEW;
    struct xen_mem_acquire_resource r = {
        .domid = l->id,
        .type = XENMEM_resource_grant_table,
        .id = XENMEM_resource_grant_table_id_shared,
        .nr_frames = 1,
    };
    long rc;

    set_xen_guest_handle(r.frame_list, &gfn);
    rc = HC2(__HYPERVISOR_memory_op, XENMEM_acquire_resource, &r);
    l->viewed = rc == 0;
    return rc;
}

/* The domain, which never runs, lends us its page: we write its table for it. */
static long grant(struct life *l)
{
    volatile struct grant_entry_v1 *e = (void *)((VIEW << 12) + REF * sizeof(*e));
    struct gnttab_map_grant_ref m = {
        .host_addr = LENT << 12, .flags = GNTMAP_host_map, .ref = REF, .dom = l->id,
        .status = 99,
    };
    long rc;

    e->domid = 0;
    e->frame = THEIRS;
    __atomic_store_n(&e->flags, GTF_permit_access, __ATOMIC_SEQ_CST);
    rc = HC(__HYPERVISOR_grant_table_op, GNTTABOP_map_grant_ref, &m, 1, 0, 0);
    l->lent = rc == 0 && m.status == GNTST_okay;
    l->handle = m.handle;
    if (l->lent)
        *lent = MARK;
    return rc ? rc : m.status;
}

/*
 * Its device starts to write to the page that we see; it takes a tenth of a second. A
 * first write leaves the translation in the IOTLB.
 */
static long transfer(struct life *l)
{
    if (!has_transfer(l) || !l->lent || !l->owns)
        return 0;
    if (!edu_dma(regs, EDU_BUFFER, THEIRS << 12) || *lent == MARK)
        return -16;
    *lent = MARK;
    l->dma = true;
    EDU_REG(regs, 0x80) = EDU_BUFFER;
    EDU_REG(regs, 0x88) = THEIRS << 12;
    EDU_REG(regs, 0x90) = EDU_BYTES;
    EDU_REG(regs, 0x98) = 3;
    return 0;
}

static long run(struct life *l)
{
    return simple(XEN_DOMCTL_unpausedomain, l->id);
}

typedef long step(struct life *l);
#define STEPS 10u
static step *const orders[2][STEPS] = {
    {make, vcpus, memory, channel, table, grant, device, window, run, transfer},
    {make, device, window, memory, table, grant, transfer, vcpus, channel, run},
};

/* --- the end ----------------------------------------------------------------------- */

static bool dma_busy(void)
{
    return EDU_REG(regs, 0x98) & 1;
}

/* What was started before the device was taken must not arrive after. */
static long dma_is_void(void)
{
    bool was_late = dma_busy();

    late += was_late;
    if (!SOON(!dma_busy()))
        return -11;
    return was_late && *lent != MARK ? -12 : 0;
}

static long let_go(struct life *l)
{
    struct gnttab_unmap_grant_ref u = {.host_addr = LENT << 12, .handle = l->handle};
    long rc = 0;

    if (l->lent && (HC(__HYPERVISOR_grant_table_op, GNTTABOP_unmap_grant_ref, &u, 1, 0, 0)
                    || u.status))
        rc = -13;
    if (l->viewed && drop_page(VIEW))
        rc = -14;
    if (l->owns && deassign_device(DOMID_IO, devfn))
        rc = -15;
    edu_config_write(devfn, 4, edu_config_read(devfn, 4) | 6);
    return rc;
}

static long one_life(unsigned int n)
{
    struct life l = {.number = n};
    unsigned int length = 1 + n % STEPS;
    bool hand_back = n / STEPS & 2;
    long rc = 0, end = 0;

    for (unsigned int i = 0; i < length && !rc; i++)
        rc = orders[n / STEPS & 1][i](&l);
    if (!rc && l.owns && hand_back)
        rc = deassign_device(l.id, devfn);
    if (l.alive)
        end = simple(XEN_DOMCTL_destroydomain, l.id);
    if (!end && l.dma)
        end = dma_is_void();
    rc = rc ? rc : end;
    end = let_go(&l);
    return rc ? rc : end;
}

TEST(thousand_owners)
{
    uint64_t pages;
    long used;

    devfn = edu_devfn();
    CHECK(devfn < 256);
    edu_config_write(devfn, 4, edu_config_read(devfn, 4) | 6);
    CHECK_EQ(map_registers(devfn, WINDOW), 0);
    registers_mfn = edu_config_read(devfn, 0x10) >> 12;
    for (unsigned int n = 0; n < 4 * STEPS; n++)    /* what is allocated once for all */
        CHECK_EQ(one_life(n), 0);
    at_rest(&pages, &used);
    CHECK(used > 0);
    CHECK(as_before(pages, used));
    for (unsigned int n = 0; n < ROUNDS; n++) {
        long rc = one_life(n);

        if (rc)
            print("life %u: %ld\n", n, rc);
        CHECK_EQ(rc, 0);
        if (n < 4 * STEPS || n % 100 == 0)
            CHECK(as_before(pages, used));
    }
    CHECK(as_before(pages, used));
    ours[8] = 1;
    CHECK(edu_dma(regs, EDU_BUFFER, (uintptr_t)&ours[8]));
    CHECK(ours[8] != 1);
    CHECK(late > 0);
    print("%u transfers after death\n", late);
    print("%u lives, %ld bytes in use and %lu pages free before and after\n", ROUNDS,
          used, pages);
}
