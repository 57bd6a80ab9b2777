/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Flush before put while it matters (XSA-346): between the change of the tables and the
 * end of the flush. Fault injection makes that time long enough for edu's DMA, which goes
 * through a translation that is still in the IOTLB. Until then the page must be
 * nobody else's: another domain, or another of our vCPUs, takes pages out of the heap
 * meanwhile. What would be wrong: one changed byte in a page that they got.
 * Nothing here is a guess at when: our second vCPU begins when it sees the flush wait,
 * lets it go on when the DMA is over, and says whether it was waiting all that time.
 */
#include "remote.h"
#include "sched.h"

#define REGS    0x7f000ul   /* frames: the registers */
#define FIRST   0x70000ul   /* what the device reaches: every second page goes */
#define PAGES   16u
#define TARGET  (FIRST + 1)
#define OTHER   0x71000ul   /* where it is moved to, or what is moved over it */
#define AGAIN   0x72000ul   /* where freed frames come back */
#define TAKEN   0x2000ul    /* the same in the other domain */
#define NR_TAKEN 64u
#define TRIES   40u         /* for a host so busy that nobody came in time */

#define MARK        0xedededededededeeull

static const uintptr_t regs = REGS << 12;
static volatile uint64_t ours[512] __attribute__((aligned(4096)));

static volatile uint64_t *at(unsigned long gfn)
{
    return (volatile uint64_t *)(gfn << 12);
}

static bool busy(void)
{
    return EDU_REG(regs, 0x98) & 1;
}

static bool finish(void)
{
    return SOON(!busy());
}

static void begin(unsigned long gfn)
{
    EDU_REG(regs, 0x80) = EDU_BUFFER;
    EDU_REG(regs, 0x88) = gfn << 12;
    EDU_REG(regs, 0x90) = EDU_BYTES;
    EDU_REG(regs, 0x98) = 3;
}

static uint32_t late;   /* atomic: 1 while the flush is */

static long delay_flush(void)
{
    return HC2(HYPERVISOR_TEST_OP, TESTOP_DELAY_FLUSH, &late);
}

static bool flush_is_late(void)
{
    return __atomic_load_n(&late, __ATOMIC_ACQUIRE);
}

/* n pages from gfn on, step apart: 2 so that what is freed has no free neighbour. */
static long reserve(unsigned int cmd, unsigned long gfn, unsigned int n,
                    unsigned int step)
{
    static xen_pfn_t lists[2][NR_TAKEN];
    xen_pfn_t *list = lists[cmd == XENMEM_decrease_reservation];
    struct xen_memory_reservation r = {.nr_extents = n, .domid = DOMID_SELF};

    for (unsigned int i = 0; i < n; i++)
        list[i] = gfn + i * step;
    set_xen_guest_handle(r.extent_start, list);
    return HC2(__HYPERVISOR_memory_op, cmd, &r);
}

static long fill(unsigned long gfn, unsigned int n)
{
    return reserve(XENMEM_populate_physmap, gfn, n, 1);
}

static void clear(unsigned long gfn, unsigned int n)
{
    for (unsigned int i = 0; i < n; i++)
        reserve(XENMEM_decrease_reservation, gfn + i, 1, 1);
}

static long move(unsigned long from, unsigned long to, unsigned int n)
{
    struct xen_add_to_physmap x = {
        .domid = DOMID_SELF, .size = (uint16_t)n, .space = XENMAPSPACE_gmfn_range,
        .idx = from, .gpfn = to,
    };

    return HC2(__HYPERVISOR_memory_op, XENMEM_add_to_physmap, &x);
}

/* The pages are there, and the IOTLB has the translation of the one in question. */
static bool prepare(void)
{
    clear(FIRST, PAGES);
    if (fill(FIRST, PAGES) != PAGES || !edu_dma(regs, EDU_BUFFER, TARGET << 12))
        return false;
    return at(TARGET)[0] == MARK && at(TARGET)[EDU_BYTES / 8 - 1] == MARK;
}

TEST(find_device)
{
    unsigned int devfn = edu_devfn();

    CHECK(devfn < 256);
    edu_config_write(devfn, 4, edu_config_read(devfn, 4) | 6);
    CHECK_EQ(map_registers(devfn, REGS), 0);
    for (unsigned int i = 0; i < 512; i++)
        ours[i] = MARK;
    CHECK(edu_dma(regs, (uintptr_t)ours, EDU_BUFFER));
}

/* --- our second vCPU, while the first is in the call ------------------------------- */

enum job { IDLE, BUSY, RACE, DMA, DMA_WHEN_TAKEN, STOP };

static enum job job;    /* atomic */
static volatile uint64_t asked_at;
static volatile bool dma_in_time;

/* Removes the moved page's new number, and takes what is in the heap then. */
static void race(void)
{
    asked_at = system_time();
    clear(OTHER, 1);
    fill(AGAIN, NR_TAKEN);
    begin(TARGET);
}

/* In the guest all the time, unlike SOON(): whatever leaves it may wait for the flush. */
#define WHILE_LATE(condition) ({                \
    while (!(condition) && flush_is_late())     \
        __asm__ volatile("pause");              \
})

/* The flush is late until the DMA is over. */
static void dma_while_late(bool taken)
{
    if (taken) {
        remote_box->go = 1;
        WHILE_LATE(remote_box->taken);
    }
    begin(TARGET);
    WHILE_LATE(!busy());
    dma_in_time = __atomic_exchange_n(&late, 0, __ATOMIC_ACQ_REL);
}

static void second_cpu(unsigned int cpu)
{
    enum job now;

    (void)cpu;
    while ((now = __atomic_load_n(&job, __ATOMIC_ACQUIRE)) != STOP) {
        __asm__ volatile("pause");
        if (now == IDLE || !flush_is_late() ||
            !__atomic_compare_exchange_n(&job, &now, BUSY, false, __ATOMIC_ACQ_REL,
                                         __ATOMIC_RELAXED))
            continue;
        if (now == RACE)
            race();
        else
            dma_while_late(now == DMA_WHEN_TAKEN);
        __atomic_store_n(&job, IDLE, __ATOMIC_RELEASE);
    }
}

static void ask_second(enum job what)
{
    asked_at = UINT64_MAX;
    dma_in_time = false;
    __atomic_store_n(&job, what, __ATOMIC_RELEASE);
}

/* The call is over: what was not begun while its flush was late is called off. */
static bool second_idle(enum job what)
{
    __atomic_compare_exchange_n(&job, &what, IDLE, false, __ATOMIC_ACQ_REL,
                                __ATOMIC_RELAXED);
    return SOON(__atomic_load_n(&job, __ATOMIC_ACQUIRE) == IDLE) && finish();
}

/* Who waits in the hypervisor keeps a CPU: the others are on another. */
static long pin(domid_t dom, unsigned int vcpu, unsigned int cpu)
{
    uint64_t map = 1ul << cpu;

    return affinity_op(XEN_DOMCTL_setvcpuaffinity, dom, vcpu, &map);
}

TEST(second_vcpu)
{
    CHECK(cpu_count() >= 2);
    CHECK_EQ(pin(0, 0, 0), 0);
    CHECK_EQ(pin(0, 1, 1), 0);
    CHECK(cpu_start(1, second_cpu));
}

/*
 * The device does reach a page by its old number while the flush is late, not after.
 */
TEST(window_is_real)
{
    bool in_time = false;

    NEEDS_INJECTION();
    for (unsigned int n = 0; n < TRIES && !in_time; n++) {
        CHECK(prepare());
        at(TARGET)[0] = 0;
        CHECK_EQ(delay_flush(), 0);
        ask_second(DMA);
        CHECK_EQ(move(TARGET, OTHER, 1), 0);
        CHECK(second_idle(DMA));
        in_time = dma_in_time;
        CHECK(!in_time || at(OTHER)[0] == MARK);
        at(OTHER)[0] = 0;
        begin(TARGET);
        CHECK(finish());
        CHECK_EQ(at(OTHER)[0], 0);
        clear(OTHER, 1);
    }
    CHECK(in_time);
}

/* --- a page on the move ------------------------------------------------------------ */

/* Did the other one call while the flush was due? changed: words in what it got. */
static bool race_once(unsigned int *changed)
{
    uint64_t done_at;

    *changed = 0;
    if (!prepare() || delay_flush())
        return false;
    ask_second(RACE);
    if (move(TARGET, OTHER, 1))
        return false;
    done_at = system_time();
    if (!second_idle(RACE))
        return false;
    for (unsigned int i = 0; asked_at != UINT64_MAX && i < NR_TAKEN * 512; i++)
        *changed += at(AGAIN)[i] != 0;
    clear(AGAIN, NR_TAKEN);
    clear(OTHER, 1);
    return asked_at < done_at;
}

TEST(moved_and_raced)
{
    unsigned int changed = 0;
    bool raced = false;

    NEEDS_INJECTION();
    for (unsigned int n = 0; n < TRIES && !raced && !changed; n++)
        raced = race_once(&changed);
    CHECK_EQ(changed, 0);
    CHECK(raced);
}

/* --- a page that is freed, and another domain -------------------------------------- */

static domid_t taker;

TEST(other_domain)
{
    CHECK_EQ(remote_start(&taker, XEN_X86_EMU_LAPIC), 0);
    CHECK_EQ(pin(taker, 0, 1), 0);
}

static long give_back(void)
{
    return reserve(XENMEM_decrease_reservation, TARGET, PAGES / 2, 2) != PAGES / 2;
}

static long replace(void)
{
    return reserve(XENMEM_populate_physmap, TARGET, PAGES / 2, 2) != PAGES / 2;
}

static long move_over(void)
{
    long rc = 0;

    for (unsigned int i = 0; i < PAGES / 2 && !rc; i++)
        rc = move(OTHER + i, TARGET + 2 * i, 1);
    return rc;
}

/* Did first the taker's call and then the DMA happen in time? */
static bool lose_once(long (*lose)(void), uint64_t *changed)
{
    *changed = 0;
    if (!prepare() || delay_flush())
        return false;
    remote_box->taken = 0;
    remote_post(REMOTE_TAKE, TAKEN << 12, NR_TAKEN, 0);
    ask_second(DMA_WHEN_TAKEN);
    if (lose() || !second_idle(DMA_WHEN_TAKEN))
        return false;
    remote_box->go = 1;
    if (!SOON(remote_box->taken))
        return false;
    remote_box->go = 0;
    if (!remote_done())
        return false;
    *changed = remote_box->value;
    return dma_in_time;
}

static void lose_in_window(long (*lose)(void))
{
    uint64_t changed = 0;
    bool in_time = false;

    NEEDS_INJECTION();
    for (unsigned int n = 0; n < TRIES && !in_time && !changed; n++) {
        clear(OTHER, PAGES);
        CHECK_EQ(fill(OTHER, PAGES / 2), PAGES / 2);
        in_time = lose_once(lose, &changed);
    }
    clear(OTHER, PAGES);
    CHECK_EQ(changed, 0);
    CHECK(in_time);
}

TEST(given_back)
{
    lose_in_window(give_back);
}

TEST(replaced_by_populate)
{
    lose_in_window(replace);
}

TEST(replaced_by_moving)
{
    lose_in_window(move_over);
}

TEST(taker_dies)
{
    __atomic_store_n(&job, STOP, __ATOMIC_RELEASE);
    remote_unsee();
    CHECK_EQ(simple(XEN_DOMCTL_destroydomain, taker), 0);
}
