/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Guest page walks in all paging modes over 16 pages of fake memory, and what makes a
 * walk good for a second use.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include <xen/domain.h>
#include <asm/cpu_policy.h>
#include <asm/cr.h>
#include <asm/guest_walk.h>
#include <asm/msr.h>
#include <asm/p2m.h>

#define PAGES 16

static uint8_t ram[PAGES][PAGE_SIZE] __attribute__((aligned(4096)));
static struct page_info pages[PAGES];
static unsigned int references;
static enum p2m_type page_type = P2M_RAM_RW;

/* Called once for each table read: lets a test play the other vCPU. */
static void (*on_get)(unsigned int nth);
static unsigned int gets;

struct page_info *p2m_get_page(struct domain *d, gfn_t gfn, enum p2m_type *t,
                               unsigned int flags)
{
    (void)d;
    (void)flags;
    if (gfn_x(gfn) >= PAGES)
        return NULL;
    if (on_get)
        on_get(gets);
    gets++;
    references++;
    *t = page_type;
    return &pages[gfn_x(gfn)];
}

void page_put(struct page_info *pg)
{
    (void)pg;
    references--;
}

mfn_t page_to_mfn(const struct page_info *pg)
{
    return _mfn((unsigned long)(pg - pages));
}

void *mfn_to_virt(mfn_t mfn)
{
    return ram[mfn_x(mfn)];
}

static uint64_t generation;
static unsigned int held;

uint64_t p2m_tlb_generation(const struct domain *d)
{
    (void)d;
    return generation;
}

bool p2m_hold(struct domain *d, uint64_t since)
{
    (void)d;
    held += since == generation;
    return since == generation;
}

void p2m_release(struct domain *d)
{
    (void)d;
    assert_int_equal(held, 1);
    held--;
}

mfn_t p2m_lookup(struct domain *d, gfn_t gfn, enum p2m_type *t, unsigned int *order)
{
    (void)d;
    (void)order;
    assert_int_equal(held, 0);          /* the lock is not taken twice */
    *t = gfn_x(gfn) < PAGES ? page_type : P2M_NONE;
    return gfn_x(gfn) < PAGES ? _mfn(gfn_x(gfn)) : INVALID_MFN;
}

static struct cpu_policy policy;
static struct domain dom;
static struct vcpu vc;

static uint64_t *entry64(unsigned int page, unsigned int index)
{
    return (uint64_t *)ram[page] + index;
}

static uint32_t *entry32(unsigned int page, unsigned int index)
{
    return (uint32_t *)ram[page] + index;
}

static int reset(void **state)
{
    (void)state;
    memset(ram, 0, sizeof(ram));
    memset(&vc, 0, sizeof(vc));
    policy.extd[0].a = 0x80000008;
    policy.extd[8].a = 40;
    dom.arch.policy = &policy;
    vc.domain = &dom;
    vc.arch.hvm.guest_cr[0] = CR0_PE | CR0_PG | CR0_WP;
    vc.arch.hvm.guest_cr[3] = 1 << 12;
    page_type = P2M_RAM_RW;
    on_get = NULL;
    gets = references = held = 0;
    generation = 1;
    return 0;
}

static int done(void **state)
{
    (void)state;
    assert_int_equal(references, 0);
    assert_int_equal(held, 0);
    return 0;
}

/* Four levels: pages 1 to 4 are tables, 0x201000 leads to page 8. */
#define GVA 0x201234ull
static void four_levels(uint64_t rights)
{
    vc.arch.hvm.efer = EFER_LMA | EFER_LME | EFER_NXE;
    vc.arch.hvm.guest_cr[4] = CR4_PAE;
    *entry64(1, 0) = 2 << 12 | 7;
    *entry64(2, 0) = 3 << 12 | 7;
    *entry64(3, 1) = 4 << 12 | 7;
    *entry64(4, 1) = 8 << 12 | rights;
}

static void expect(uint64_t gva, uint32_t access, paddr_t want)
{
    paddr_t gpa = ~0ull;
    uint32_t code = 0;

    assert_true(guest_walk(&vc, gva, access, &gpa, &code));
    assert_int_equal(gpa, want);
}

static void expect_fault(uint64_t gva, uint32_t access, uint32_t want)
{
    paddr_t gpa = ~0ull;
    uint32_t code = ~0u;

    assert_false(guest_walk(&vc, gva, access, &gpa, &code));
    assert_int_equal(code, want);
    assert_int_equal(gpa, ~0ull);
}

static void no_paging(void **state)
{
    (void)state;
    vc.arch.hvm.guest_cr[0] = CR0_PE;
    expect(0x12345678, GW_WRITE, 0x12345678);
}

static void long_mode(void **state)
{
    (void)state;
    four_levels(7);
    expect(GVA, 0, 0x8234);
    assert_int_equal(*entry64(4, 1) & 0x60, 0x20);
    assert_int_equal(*entry64(1, 0) & 0x20, 0x20);
    expect(GVA, GW_WRITE, 0x8234);
    assert_int_equal(*entry64(4, 1) & 0x60, 0x60);
    assert_int_equal(*entry64(3, 1) & 0x60, 0x20);
    expect_fault(GVA + 0x1000, GW_WRITE, GW_WRITE);
    expect_fault(1ull << 47, 0, 0);
    expect_fault(0x8000000000ull, GW_USER, GW_USER);
}

static void rights(void **state)
{
    (void)state;
    four_levels(5);
    expect_fault(GVA, GW_WRITE, GW_WRITE | GW_PRESENT);
    assert_int_equal(*entry64(4, 1) & 0x60, 0);
    vc.arch.hvm.guest_cr[0] &= ~(uint64_t)CR0_WP;
    expect(GVA, GW_WRITE, 0x8234);
    expect_fault(GVA, GW_WRITE | GW_USER, GW_WRITE | GW_USER | GW_PRESENT);

    /* A level above takes rights away from those below. */
    four_levels(7);
    *entry64(2, 0) = 3 << 12 | 3;
    expect(GVA, GW_WRITE, 0x8234);
    expect_fault(GVA, GW_USER, GW_USER | GW_PRESENT);

    four_levels(7);
    *entry64(3, 1) |= 1ull << 63;
    expect(GVA, 0, 0x8234);
    expect_fault(GVA, GW_FETCH, GW_FETCH | GW_PRESENT);
    vc.arch.hvm.efer &= ~(uint64_t)EFER_NXE;
    expect_fault(GVA, 0, GW_PRESENT | GW_RSVD);
}

static void smep_and_smap(void **state)
{
    (void)state;
    four_levels(7);
    vc.arch.hvm.guest_cr[4] |= CR4_SMEP | CR4_SMAP;
    expect_fault(GVA, 0, GW_PRESENT);
    expect_fault(GVA, GW_FETCH, GW_FETCH | GW_PRESENT);
    expect(GVA, GW_USER, 0x8234);
    expect(GVA, GW_USER | GW_FETCH, 0x8234);
    vc.arch.regs.rflags = 1 << 18;
    expect(GVA, GW_WRITE, 0x8234);
    expect_fault(GVA, GW_FETCH, GW_FETCH | GW_PRESENT);
}

static void large_pages(void **state)
{
    (void)state;
    four_levels(7);
    *entry64(3, 1) = 0x600000 | 0x87;
    expect(GVA, GW_WRITE, 0x601234);
    assert_int_equal(*entry64(3, 1) & 0x60, 0x60);
    *entry64(3, 1) = 0x602000 | 0x87;
    expect_fault(GVA, 0, GW_PRESENT | GW_RSVD);
    *entry64(2, 0) = 0x40000000 | 0x87;
    expect(GVA, 0, 0x40201234);
    *entry64(1, 0) |= 0x80;
    expect_fault(GVA, 0, GW_PRESENT | GW_RSVD);
    four_levels(7);
    *entry64(4, 1) |= 1ull << 40;
    expect_fault(GVA, 0, GW_PRESENT | GW_RSVD);
}

static void pae(void **state)
{
    vc.arch.hvm.guest_cr[4] = CR4_PAE;
    vc.arch.hvm.guest_cr[3] = 0x1020;
    *entry64(1, 4) = 2 << 12 | 1;
    *entry64(2, 1) = 3 << 12 | 3;
    *entry64(3, 1) = 8 << 12 | 3;
    expect(GVA, GW_WRITE, 0x8234);
    assert_int_equal(*entry64(1, 4), 2 << 12 | 1);
    *entry64(1, 4) |= 0x20; /* a processor may have done that */
    expect(GVA, GW_WRITE, 0x8234);
    *entry64(1, 4) |= 2;
    expect_fault(GVA, 0, GW_PRESENT | GW_RSVD);
}

static void two_levels(void **state)
{
    (void)state;
    *entry32(1, 0) = 2 << 12 | 7;
    *entry32(2, 0x201) = 8 << 12 | 7;
    expect(GVA, GW_WRITE, 0x8234);
    assert_int_equal(*entry32(2, 0x201) & 0x60, 0x60);
    assert_int_equal(*entry32(2, 0x202), 0);
    *entry32(1, 0) = 0x00c00000 | 1 << 13 | 0x87;
    vc.arch.hvm.guest_cr[4] = CR4_PSE;
    expect(GVA, 0, 0x100000000ull + 0xc00000 + GVA);
    vc.arch.hvm.guest_cr[4] = 0;
    expect_fault(GVA, 0, 0);
}

static void no_ram_under_a_table(void **state)
{
    (void)state;
    four_levels(7);
    *entry64(3, 1) = 0x100000 | 7;
    expect_fault(GVA, 0, 0);
    vc.arch.hvm.guest_cr[3] = 0x100000;
    expect_fault(GVA, GW_WRITE, GW_WRITE);
}

static void tables_in_read_only_memory(void **state)
{
    (void)state;
    four_levels(7);
    page_type = P2M_RAM_RO;
    expect(GVA, GW_WRITE, 0x8234);
    assert_int_equal(*entry64(4, 1), 8 << 12 | 7);
}

/* Between our read and our update of an entry nothing can be seen from here, so change
 * an upper entry while a lower one is read: the walk must not use a mix for ever. */
static void remap(unsigned int nth)
{
    if (nth == 3)
        *entry64(4, 1) = 9 << 12 | 7;
}

static void entry_changes_under_walk(void **state)
{
    (void)state;
    four_levels(7);
    on_get = remap;
    expect(GVA, 0, 0x9234);
}

/* --- second use -------------------------------------------------------------------- */

/* Translates and says how many tables were looked up for it. */
static unsigned int tables_read(uint64_t gva, uint32_t access, paddr_t want)
{
    unsigned int before = gets;

    expect(gva, access, want);
    return gets - before;
}

static void known(uint64_t gva, uint32_t access, paddr_t want)
{
    tables_read(gva, access, want);
    assert_int_equal(tables_read(gva, access, want), 0);
}

static void second_walk_is_free(void **state)
{
    (void)state;
    four_levels(7);
    assert_int_equal(tables_read(GVA, GW_FETCH, 0x8234), 4);
    assert_int_equal(tables_read(GVA + 1, GW_FETCH, 0x8235), 0);
    assert_int_equal(tables_read(GVA, GW_USER, 0x8234), 4);
    assert_int_equal(tables_read(GVA, GW_WRITE, 0x8234), 4);    /* sets the dirty bit */
    known(GVA, GW_FETCH, 0x8234);
    expect_fault(GVA + 0x8000, GW_FETCH, GW_FETCH);     /* another page, the same line */
    known(GVA, GW_FETCH, 0x8234);

    /* 32-bit entries: what is beside one does not matter. */
    reset(NULL);
    *entry32(1, 0) = 2 << 12 | 7;
    *entry32(2, 0x201) = 8 << 12 | 7;
    known(GVA, 0, 0x8234);
    *entry32(2, 0x202) = 9 << 12 | 7;
    assert_int_equal(tables_read(GVA, 0, 0x8234), 0);
    *entry32(2, 0x201) = 9 << 12 | 0x27;
    expect(GVA, 0, 0x9234);
}

/* All of the lowest GiB is page 8. */
static void many_pages(void)
{
    four_levels(7);
    for (unsigned int i = 0; i < 512; i++) {
        *entry64(3, i) = 4 << 12 | 7;
        *entry64(4, i) = 8 << 12 | 7;
    }
}

/*
 * An instruction is fetched, reads and writes, all at once and over and over. Wherever
 * code, operands and stack are, none may push another out: that more than doubled what
 * an access to the local APIC took when the loop happened to be in page 0x102.
 */
static void one_instruction_fits(void **state)
{
    static const struct {
        uint32_t access;
        unsigned int pages;
    } needs[] = {{GW_FETCH, 2}, {0, 2}, {GW_WRITE, 2}};
    unsigned int shift;

    (void)state;
    for (shift = 0; shift < 256; shift++) {
        /* The kinds move against each other, by every distance in 16 pages. */
        const uint64_t at[] = {0x100, 0x100 + shift % 16, 0x100 + shift / 16};

        reset(NULL);
        many_pages();
        for (unsigned int again = 0; again < 3; again++) {
            unsigned int read = 0;

            for (unsigned int i = 0; i < 3; i++)
                for (unsigned int page = 0; page < needs[i].pages; page++)
                    read += tables_read((at[i] + page) << 12, needs[i].access, 0x8000);
            if (again > 1) /* the first time set dirty bits, which the second saw */
                assert_int_equal(read, 0);
        }
    }
}

/*
 * A loop exits from some pages of code in turn. With one line too few, the page that goes
 * is always the one needed next.
 */
static void loops_of_code_fit(void **state)
{
    (void)state;
    for (uint64_t first = 0x100; first < 0x108; first++) {
        reset(NULL);
        many_pages();
        for (unsigned int i = 0; i < 24; i++) {
            uint64_t page = first + i % 8;
            unsigned int read = tables_read(page << 12, GW_FETCH, 0x8000);

            assert_true(i < 8 || !read);
        }
    }
}

/* Two operands of the same kind whose page numbers are alike, as of an array each. */
static void two_alike_fit(void **state)
{
    unsigned int distance;

    (void)state;
    for (distance = 1; distance < 512; distance++) {
        reset(NULL);
        many_pages();
        for (unsigned int again = 0; again < 3; again++) {
            unsigned int read = tables_read(0x400000, 0, 0x8000) +
                                tables_read(0x400000 + (uint64_t)distance * 4096, 0,
                                            0x8000);

            assert_true(!again || !read);
        }
    }
}

/* The one used last stays when a third page comes. */
static void the_older_goes(void **state)
{
    (void)state;
    many_pages();
    tables_read(0x400000, GW_FETCH, 0x8000);
    tables_read(0x500000, GW_FETCH, 0x8000);
    tables_read(0x400000, GW_FETCH, 0x8000);
    tables_read(0x600000, GW_FETCH, 0x8000);
    assert_int_equal(tables_read(0x400000, GW_FETCH, 0x8000), 0);
    assert_int_equal(tables_read(0x500000, GW_FETCH, 0x8000), 4);
}

static void changed_entries(void **state)
{
    unsigned int level;

    (void)state;
    for (level = 1; level <= 4; level++) {
        uint64_t *e;

        reset(NULL);
        four_levels(7);
        e = entry64(level, level > 2);
        known(GVA, 0, 0x8234);
        *e &= ~1ull;
        expect_fault(GVA, 0, 0);
        *e |= 1;
        known(GVA, 0, 0x8234);
        *e |= 1ull << 63;
        expect_fault(GVA, GW_FETCH, GW_FETCH | GW_PRESENT);
        expect(GVA, 0, 0x8234);
        *e &= ~0x20ull;                         /* the accessed bit comes back */
        expect(GVA, 0, 0x8234);
        assert_int_equal(*e & 0x20, 0x20);
    }
    known(GVA, GW_WRITE, 0x8234);
    *entry64(4, 1) = 9 << 12 | 0x27;
    expect(GVA, GW_WRITE, 0x9234);
    assert_int_equal(*entry64(4, 1) & 0x40, 0x40);
}

static void changed_registers(void **state)
{
    (void)state;
    four_levels(7);
    known(GVA, 0, 0x8234);
    vc.arch.hvm.guest_cr[4] |= CR4_SMAP | CR4_SMEP;
    expect_fault(GVA, 0, GW_PRESENT);
    vc.arch.regs.rflags = 1 << 18;
    known(GVA, 0, 0x8234);
    vc.arch.regs.rflags = 0;
    expect_fault(GVA, 0, GW_PRESENT);

    four_levels(5);
    vc.arch.hvm.guest_cr[0] &= ~(uint64_t)CR0_WP;
    known(GVA, GW_WRITE, 0x8234);
    vc.arch.hvm.guest_cr[0] |= CR0_WP;
    expect_fault(GVA, GW_WRITE, GW_WRITE | GW_PRESENT);

    *entry64(4, 1) |= 1ull << 63;
    known(GVA, GW_USER, 0x8234);
    vc.arch.hvm.efer &= ~(uint64_t)EFER_NXE;
    expect_fault(GVA, GW_USER, GW_USER | GW_PRESENT | GW_RSVD);

    four_levels(7);
    known(GVA, GW_USER, 0x8234);
    vc.arch.hvm.guest_cr[3] = 5 << 12;
    expect_fault(GVA, GW_USER, GW_USER);
    vc.arch.hvm.guest_cr[0] = CR0_PE;
    known(GVA, GW_USER, GVA);
    vc.arch.hvm.guest_cr[3] = 1 << 12;
    vc.arch.hvm.guest_cr[0] = CR0_PE | CR0_PG;
    expect(GVA, GW_USER, 0x8234);
}

static void changed_p2m(void **state)
{
    (void)state;
    four_levels(7);
    known(GVA, 0, 0x8234);
    generation++;
    assert_int_equal(tables_read(GVA, 0, 0x8234), 4);
    assert_int_equal(tables_read(GVA, 0, 0x8234), 0);
}

/* A commit between the tables of one walk: what was read before it is not believed. */
static void commit(unsigned int nth)
{
    generation += nth == 2;
}

static void p2m_changes_under_walk(void **state)
{
    (void)state;
    four_levels(7);
    on_get = commit;
    expect(GVA, 0, 0x8234);
    assert_int_equal(tables_read(GVA, 0, 0x8234), 4);
    assert_int_equal(tables_read(GVA, 0, 0x8234), 0);
}

static void unset_bits_are_no_second_use(void **state)
{
    (void)state;
    four_levels(7);
    page_type = P2M_RAM_RO;
    expect(GVA, 0, 0x8234);
    assert_int_equal(tables_read(GVA, 0, 0x8234), 4);
    page_type = P2M_RAM_RW;                     /* now they can be set, so they are */
    expect(GVA, 0, 0x8234);
    assert_int_equal(*entry64(4, 1) & 0x20, 0x20);
}

static void pages_held(void **state)
{
    void *at;

    (void)state;
    four_levels(7);
    assert_null(guest_page_hold(&vc, GVA, 0));  /* no walk yet */
    expect(GVA, 0, 0x8234);
    at = guest_page_hold(&vc, GVA, 0);
    assert_ptr_equal(at, &ram[8][0x234]);
    assert_int_equal(held, 1);
    guest_page_release(&vc);
    assert_null(guest_page_hold(&vc, GVA, GW_WRITE));
    generation++;
    assert_null(guest_page_hold(&vc, GVA, 0));

    /* Read-only for the guest means for us; what is no RAM has no address. */
    page_type = P2M_LOGDIRTY;
    *entry64(1, 0) |= 0x20;
    *entry64(2, 0) |= 0x20;
    *entry64(3, 1) |= 0x20;
    *entry64(4, 1) |= 0x60;
    known(GVA, GW_WRITE, 0x8234);
    assert_null(guest_page_hold(&vc, GVA, GW_WRITE));
    known(GVA, 0, 0x8234);
    assert_non_null(guest_page_hold(&vc, GVA, 0));
    guest_page_release(&vc);
    *entry64(4, 1) = 0xfee00000 | 0x67;
    known(GVA, 0, 0xfee00234);
    assert_null(guest_page_hold(&vc, GVA, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(no_paging, reset, done),
        cmocka_unit_test_setup_teardown(long_mode, reset, done),
        cmocka_unit_test_setup_teardown(rights, reset, done),
        cmocka_unit_test_setup_teardown(smep_and_smap, reset, done),
        cmocka_unit_test_setup_teardown(large_pages, reset, done),
        cmocka_unit_test_setup_teardown(pae, reset, done),
        cmocka_unit_test_setup_teardown(two_levels, reset, done),
        cmocka_unit_test_setup_teardown(no_ram_under_a_table, reset, done),
        cmocka_unit_test_setup_teardown(tables_in_read_only_memory, reset, done),
        cmocka_unit_test_setup_teardown(entry_changes_under_walk, reset, done),
        cmocka_unit_test_setup_teardown(second_walk_is_free, reset, done),
        cmocka_unit_test_setup_teardown(one_instruction_fits, reset, done),
        cmocka_unit_test_setup_teardown(loops_of_code_fit, reset, done),
        cmocka_unit_test_setup_teardown(two_alike_fit, reset, done),
        cmocka_unit_test_setup_teardown(the_older_goes, reset, done),
        cmocka_unit_test_setup_teardown(changed_entries, reset, done),
        cmocka_unit_test_setup_teardown(changed_registers, reset, done),
        cmocka_unit_test_setup_teardown(changed_p2m, reset, done),
        cmocka_unit_test_setup_teardown(p2m_changes_under_walk, reset, done),
        cmocka_unit_test_setup_teardown(unset_bits_are_no_second_use, reset, done),
        cmocka_unit_test_setup_teardown(pages_held, reset, done),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
