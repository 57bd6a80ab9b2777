/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Hypercalls from 32-bit code, whose structures have longs and handles of 4 bytes.
 * Broken, a 32-bit kernel's calls act on other pages than it named, or write over what
 * lies behind its structures.
 */
#include <public/errno.h>
#include <public/event_channel.h>
#include <public/grant_table.h>
#include <public/hvm/hvm_op.h>
#include <public/hvm/params.h>
#include <public/memory.h>
#include <public/sched.h>
#include <public/vcpu.h>
#include <public/version.h>
#include "../guest.h"

#define FREE_GFN 0x50000u       /* no RAM, but identity mapped */
#define MANY     150u           /* more than are translated at a time */
#define LISTED   100u
#define POISON   0x5a5a5a5au

#define AT(p) ((uint32_t)(uint64_t)(p))

/* One instruction, in the 32-bit code segment of start.S. */
#define IN_32(insn, ...)                                                        \
    __asm__ volatile("pushq $0x18; lea 1f(%%rip), %%r8; push %%r8; lretq\n"     \
                     ".code32\n"                                                \
                     "1: " insn "\n"                                            \
                     "ljmp $0x08, $2f\n"                                        \
                     ".code64\n"                                                \
                     "2:" __VA_ARGS__)

static int32_t call32(uint32_t nr, uint32_t a, uint32_t b, uint32_t c)
{
    IN_32("vmmcall", : "+a"(nr), "+b"(a), "+c"(b), "+d"(c)::"r8", "memory");
    return (int32_t)nr;
}

static void wrmsr32(uint32_t index, uint32_t value)
{
    IN_32("wrmsr", ::"a"(value), "d"(0), "c"(index) : "r8", "memory");
}

TEST(same_for_both)
{
    static uint32_t words[4] = { POISON, POISON, POISON, POISON };
    struct evtchn_bind_ipi ipi = { .vcpu = 0 };

    CHECK_EQ(call32(__HYPERVISOR_xen_version, XENVER_version, 0, 0), 4 << 16 | 17);
    CHECK_EQ(call32(__HYPERVISOR_event_channel_op, EVTCHNOP_bind_ipi, AT(&ipi), 0), 0);
    CHECK(ipi.port);
    CHECK(call32(__HYPERVISOR_memory_op, XENMEM_maximum_ram_page, 0, 0) > 0);
    /* A long of its own size, or nothing. */
    call32(__HYPERVISOR_xen_version, XENVER_platform_parameters, AT(words), 0);
    CHECK_EQ(words[1], POISON);
}

TEST(poll)
{
    struct { uint32_t ports, nr_ports, lo, hi; } p = { 0 };
    struct evtchn_bind_ipi ipi = { .vcpu = 0 };
    struct evtchn_send s;
    uint32_t port;
    uint64_t start;

    CHECK_EQ(HC2(__HYPERVISOR_event_channel_op, EVTCHNOP_bind_ipi, &ipi), 0);
    s.port = port = ipi.port;
    shared_info()->evtchn_mask[0] |= 1ul << port;
    CHECK_EQ(HC2(__HYPERVISOR_event_channel_op, EVTCHNOP_send, &s), 0);
    p.ports = AT(&port);
    p.nr_ports = 1;
    start = system_time();
    CHECK_EQ(call32(__HYPERVISOR_sched_op, SCHEDOP_poll, AT(&p), 0), 0);
    shared_info()->evtchn_pending[0] &= ~(1ul << port);
    start = system_time() + 20000000;
    p.lo = (uint32_t)start;
    p.hi = (uint32_t)(start >> 32);
    CHECK_EQ(call32(__HYPERVISOR_sched_op, SCHEDOP_poll, AT(&p), 0), 0);
    CHECK(system_time() >= start);
    p.nr_ports = 1000;
    CHECK_EQ(call32(__HYPERVISOR_sched_op, SCHEDOP_poll, AT(&p), 0), -XEN_EINVAL);
}

/* --- memory ------------------------------------------------------------------------ */

static int32_t reserve(unsigned int cmd, const uint32_t *list, uint32_t n)
{
    struct { uint32_t start, nr, order, flags, domid; } r = {
        AT(list), n, 0, 0, DOMID_SELF,
    };

    return call32(__HYPERVISOR_memory_op, cmd, AT(&r), 0);
}

TEST(extents)
{
    static uint32_t list[MANY];
    static volatile uint32_t *page;

    for (unsigned int i = 0; i < MANY; i++)
        list[i] = FREE_GFN + 2 * i;
    CHECK_EQ(reserve(XENMEM_populate_physmap, list, MANY), MANY);
    for (unsigned int i = 0; i < MANY; i++) {
        page = (uint32_t *)((uint64_t)list[i] << 12);
        *page = i;
        CHECK_EQ(page[0], i);
        CHECK_EQ(page[1024], ~0u);      /* and none beside it */
    }
    CHECK_EQ(reserve(XENMEM_decrease_reservation, list, MANY), MANY);
    CHECK_EQ(*(volatile uint32_t *)((uint64_t)list[MANY - 1] << 12), ~0u);
}

/* What can be done of a list that ends at a hole is done, and counted. */
TEST(extents_that_end)
{
    const uint32_t page = FREE_GFN + 0x1000;
    uint32_t *end = (uint32_t *)((page + 1ul) << 12), *list = end - LISTED;
    int32_t n;

    CHECK_EQ(reserve(XENMEM_populate_physmap, &page, 1), 1);
    for (unsigned int i = 0; i < LISTED; i++)
        list[i] = FREE_GFN + 2 * i;
    n = reserve(XENMEM_populate_physmap, list, MANY);
    CHECK(n > 0 && n <= (int32_t)LISTED);
    CHECK_EQ(reserve(XENMEM_decrease_reservation, list, (uint32_t)n), n);
    CHECK_EQ(reserve(XENMEM_decrease_reservation, &page, 1), 1);
    CHECK(reserve(XENMEM_populate_physmap, list, 4) <= 0);
}

TEST(physmap)
{
    struct { uint16_t domid, size; uint32_t space, idx, gpfn; } add = {
        DOMID_SELF, 0, XENMAPSPACE_shared_info, 0, FREE_GFN,
    };
    struct { uint32_t domid, gpfn; } remove = { DOMID_SELF, FREE_GFN };
    struct shared_info *s = (void *)((uint64_t)FREE_GFN << 12);

    CHECK_EQ(call32(__HYPERVISOR_memory_op, XENMEM_add_to_physmap, AT(&add), 0), 0);
    CHECK(s->vcpu_info[0].time.tsc_to_system_mul);
    CHECK_EQ(call32(__HYPERVISOR_memory_op, XENMEM_remove_from_physmap, AT(&remove), 0),
             0);
    CHECK_EQ(s->vcpu_info[0].time.tsc_to_system_mul, ~0u);
}

TEST(memory_map)
{
    static struct { uint64_t at, size; uint32_t type; } __attribute__((packed)) map[16];
    struct { uint32_t n, buffer, poison; } m = { 16, AT(map), POISON };

    CHECK_EQ(call32(__HYPERVISOR_memory_op, XENMEM_memory_map, AT(&m), 0), 0);
    CHECK(m.n > 0 && m.n <= 16);
    CHECK(map[0].size && map[0].type == 1);
    CHECK_EQ(m.poison, POISON);
}

/* --- grants ------------------------------------------------------------------------ */

TEST(grant_frames)
{
    static uint32_t frames[3] = { POISON, POISON, POISON };
    struct { uint32_t dom, nr, status, list; } t = { DOMID_SELF, 2, POISON, AT(frames) };

    CHECK_EQ(call32(__HYPERVISOR_grant_table_op, GNTTABOP_setup_table, AT(&t), 1), 0);
    CHECK_EQ((int16_t)t.status, GNTST_okay);
    CHECK(frames[0] != POISON && frames[1] != POISON);
    CHECK_EQ(frames[2], POISON);
    t.dom = 0x7000;
    CHECK_EQ(call32(__HYPERVISOR_grant_table_op, GNTTABOP_setup_table, AT(&t), 1), 0);
    CHECK((int16_t)t.status < 0);
}

struct copy32 {
    struct { uint32_t gmfn; uint16_t domid, offset; } from, to;
    uint16_t len, flags;
    int16_t status, pad;
};

TEST(grant_copies)
{
    static struct copy32 c[4];
    char *one = page_alloc(), *two = page_alloc();

    memcpy(one, "a text that is copied in pieces", 32);
    for (unsigned int i = 0; i < 4; i++) {
        c[i].from.gmfn = AT(one) >> 12;
        c[i].to.gmfn = AT(two) >> 12;
        c[i].from.domid = c[i].to.domid = DOMID_SELF;
        c[i].from.offset = c[i].to.offset = (uint16_t)(8 * i);
        c[i].len = 8;
        c[i].status = 1;
    }
    c[2].from.gmfn = FREE_GFN;
    CHECK_EQ(call32(__HYPERVISOR_grant_table_op, GNTTABOP_copy, AT(c), 4), 0);
    CHECK(!c[0].status && !c[1].status && c[2].status < 0 && !c[3].status);
    CHECK(!memcmp(one, two, 16) && !two[16] && !memcmp(one + 24, two + 24, 8));
}

/* --- time -------------------------------------------------------------------------- */

TEST(run_state)
{
    static volatile uint32_t area[13];
    struct { uint32_t at, unused; } reg = { AT(area), POISON };
    uint64_t entered, ran;

    for (unsigned int i = 0; i < 13; i++)
        area[i] = POISON;
    CHECK_EQ(call32(__HYPERVISOR_vcpu_op, VCPUOP_register_runstate_memory_area, 0,
                    AT(&reg)), 0);
    entered = area[1] | (uint64_t)area[2] << 32;
    ran = area[3] | (uint64_t)area[4] << 32;
    CHECK_EQ(area[0], RUNSTATE_running);
    CHECK(entered && entered <= system_time());
    CHECK(ran && ran <= system_time());
    CHECK_EQ(area[11], POISON);
    for (unsigned int i = 0; i < 13; i++)
        area[i] = POISON;
    CHECK_EQ(call32(__HYPERVISOR_vcpu_op, VCPUOP_get_runstate_info, 0, AT(area)), 0);
    CHECK_EQ(area[0], RUNSTATE_running);
    CHECK_EQ(area[11], POISON);
    reg.at = reg.unused = 0;
    CHECK_EQ(call32(__HYPERVISOR_vcpu_op, VCPUOP_register_runstate_memory_area, 0,
                    AT(&reg)), 0);
}

static bool virq_comes(uint32_t port)
{
    volatile unsigned long *pending = shared_info()->evtchn_pending;

    return SOON(pending[0] & 1ul << port);
}

/* A timeout of 64 bits in two registers; a wrong one would be in the past, and fire. */
TEST(timer)
{
    struct evtchn_bind_virq virq = { .virq = VIRQ_TIMER, .vcpu = 0 };
    struct evtchn_close close;
    uint64_t when;

    CHECK_EQ(HC2(__HYPERVISOR_event_channel_op, EVTCHNOP_bind_virq, &virq), 0);
    shared_info()->evtchn_mask[0] |= 1ul << virq.port;
    when = system_time() + (50ull << 32);
    CHECK_EQ(call32(__HYPERVISOR_set_timer_op, (uint32_t)when, (uint32_t)(when >> 32), 0),
             0);
    delay_ns(20000000);
    CHECK(!(shared_info()->evtchn_pending[0] & 1ul << virq.port));
    when = system_time() + 5000000;
    CHECK_EQ(call32(__HYPERVISOR_set_timer_op, (uint32_t)when, (uint32_t)(when >> 32), 0),
             0);
    CHECK(virq_comes(virq.port));
    close.port = virq.port;
    CHECK_EQ(HC2(__HYPERVISOR_event_channel_op, EVTCHNOP_close, &close), 0);
}

/* 12 bytes, and behind them there may be nothing. */
TEST(singleshot)
{
    struct evtchn_bind_virq virq = { .virq = VIRQ_TIMER, .vcpu = 0 };
    const uint32_t page = FREE_GFN + 0x1000;
    uint32_t *arg = (uint32_t *)((page + 1ul) << 12) - 3;
    struct evtchn_close close;
    uint64_t when;

    CHECK_EQ(reserve(XENMEM_populate_physmap, &page, 1), 1);
    CHECK_EQ(HC2(__HYPERVISOR_event_channel_op, EVTCHNOP_bind_virq, &virq), 0);
    shared_info()->evtchn_mask[0] |= 1ul << virq.port;
    when = system_time() + 5000000;
    arg[0] = (uint32_t)when;
    arg[1] = (uint32_t)(when >> 32);
    arg[2] = 0;
    CHECK_EQ(call32(__HYPERVISOR_vcpu_op, VCPUOP_set_singleshot_timer, 0, AT(arg)), 0);
    CHECK(virq_comes(virq.port));
    CHECK(system_time() >= when);
    CHECK_EQ(call32(__HYPERVISOR_vcpu_op, VCPUOP_set_singleshot_timer, 0, AT(arg + 1)),
             -XEN_EFAULT);
    close.port = virq.port;
    CHECK_EQ(HC2(__HYPERVISOR_event_channel_op, EVTCHNOP_close, &close), 0);
    CHECK_EQ(reserve(XENMEM_decrease_reservation, &page, 1), 1);
}

/* Whatever the number, no other operation is carried out in its place. */
TEST(unknown_vcpu_ops)
{
    static const uint32_t ops[] = { 14, 63, 64, 69, 1u << 31, ~0u };
    static volatile uint32_t area[13];
    struct { uint32_t at, unused; } reg = { AT(area), 0 };

    for (unsigned int i = 0; i < 13; i++)
        area[i] = POISON;
    for (unsigned int i = 0; i < sizeof(ops) / sizeof(ops[0]); i++)
        CHECK_EQ(call32(__HYPERVISOR_vcpu_op, ops[i], 0, AT(&reg)), -XEN_ENOSYS);
    CHECK_EQ(area[0], POISON);
}

/* --- what is shared ----------------------------------------------------------------- */

/* As a 32-bit kernel's compiler lays it out. */
struct info32 {
    uint8_t pending, mask, pad[2];
    uint32_t selector, cr2, unused[5];
    struct vcpu_time_info time;
};

struct shared32 {
    struct info32 info[32];
    uint32_t pending[32], mask[32];
    uint32_t wc_version, wc_sec, wc_nsec;
};

static volatile struct shared32 *shared32(void)
{
    return (volatile struct shared32 *)shared_info();
}

/* Says again what it said before: who says it is the point. */
static long say_callback(bool narrow)
{
    struct xen_hvm_param p = { .domid = DOMID_SELF, .index = HVM_PARAM_CALLBACK_IRQ };
    long rc = HC2(__HYPERVISOR_hvm_op, HVMOP_get_param, &p);

    if (rc)
        return rc;
    if (narrow)
        return call32(__HYPERVISOR_hvm_op, HVMOP_set_param, AT(&p), 0);
    return HC2(__HYPERVISOR_hvm_op, HVMOP_set_param, &p);
}

static int32_t event_op(unsigned int cmd, uint32_t port)
{
    return call32(__HYPERVISOR_event_channel_op, cmd, AT(&port), 0);
}

/* In the second word of 32 ports. */
static uint32_t port_to(uint32_t vcpu)
{
    struct evtchn_bind_ipi ipi = { .vcpu = vcpu };

    while (ipi.port < 34)
        if (call32(__HYPERVISOR_event_channel_op, EVTCHNOP_bind_ipi, AT(&ipi), 0))
            return 0;
    return ipi.port;
}

TEST(narrow_events)
{
    volatile struct shared32 *s = shared32();
    uint32_t port, bit;

    CHECK_EQ(say_callback(true), 0);
    port = port_to(0);
    CHECK(port >= 34 && port < 64);
    bit = 1u << (port - 32);
    for (unsigned int i = 0; i < 32; i++)
        s->mask[i] = 0;
    s->info[0].selector = s->info[0].cr2 = s->info[0].pending = 0;
    CHECK_EQ(event_op(EVTCHNOP_send, port), 0);
    CHECK_EQ(s->pending[1], bit);
    CHECK_EQ(s->info[0].selector, 2);
    CHECK_EQ(s->info[0].cr2, 0);
    CHECK_EQ(s->info[0].pending, 1);
    s->pending[1] = s->info[0].selector = s->info[0].pending = 0;
    s->mask[1] = bit;
    CHECK_EQ(event_op(EVTCHNOP_send, port), 0);
    CHECK_EQ(s->pending[1], bit);
    CHECK_EQ(s->info[0].selector, 0);
    CHECK_EQ(event_op(EVTCHNOP_unmask, port), 0);
    CHECK_EQ(s->mask[1], 0);
    CHECK_EQ(s->info[0].selector, 2);
    s->pending[1] = s->info[0].selector = s->info[0].pending = 0;
}

TEST(narrow_clock)
{
    volatile struct shared32 *s = shared32();

    CHECK(s->wc_version && !(s->wc_version & 1));
    CHECK_EQ(s->wc_sec, shared_info()->wc_sec);
    CHECK(s->wc_nsec < 1000000000);
    CHECK(s->info[0].time.tsc_to_system_mul);
}

/* It may be at any word of a page, of its own size; a long has 4 bytes there. */
TEST(narrow_vcpu_info)
{
    static uint32_t words[64] __attribute__((aligned(256)));
    volatile struct info32 *info = (volatile void *)&words[17];
    struct vcpu_register_vcpu_info reg = {
        .mfn = AT(words) >> 12, .offset = AT(info) & 0xfff,
    };
    uint32_t port;

    for (unsigned int i = 0; i < 64; i++)
        words[i] = POISON;
    CHECK_EQ(call32(__HYPERVISOR_vcpu_op, VCPUOP_register_vcpu_info, 1, AT(&reg)), 0);
    CHECK_EQ(info->selector, ~0u);
    CHECK_EQ(info->pending, 1);
    CHECK_EQ(words[16], POISON);
    CHECK_EQ(words[33], POISON);
    info->pending = 0;
    info->selector = 0;
    port = port_to(1);
    CHECK(port);
    CHECK_EQ(event_op(EVTCHNOP_send, port), 0);
    CHECK_EQ(info->selector, 2);
    CHECK_EQ(info->cr2, 0);
    CHECK_EQ(info->pending, 1);
}

static bool is_narrow(uint32_t port)
{
    shared_info()->evtchn_pending[0] = 0;
    shared_info()->vcpu_info[0].evtchn_pending_sel = 0;
    shared32()->info[0].selector = 0;
    return !event_op(EVTCHNOP_send, port) && shared32()->info[0].selector;
}

/* The 64-bit kernel that comes after a 32-bit loader. */
TEST(wide_again)
{
    uint32_t port = port_to(0);

    CHECK(is_narrow(port));
    CHECK_EQ(say_callback(false), 0);
    shared_info()->evtchn_mask[0] = 0;
    CHECK(!is_narrow(port));
    CHECK_EQ(shared_info()->vcpu_info[0].evtchn_pending_sel, 1);
}

/* The call that every kernel makes first. */
TEST(by_hypercall_page)
{
    static char page[4096] __attribute__((aligned(4096)));
    uint32_t port = port_to(0), r[4];

    cpuid(0x40000002, 0, r);
    CHECK(!is_narrow(port));
    wrmsr32(r[1], AT(page));
    CHECK(is_narrow(port));
    CHECK_EQ((uint8_t)page[0], 0xb8);
    wrmsr(r[1], (uint64_t)page);
    CHECK(!is_narrow(port));
}
