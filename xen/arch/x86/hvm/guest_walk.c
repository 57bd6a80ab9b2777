/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Guest page walks: 4-level, PAE, 2-level, and none (APM vol. 2 chapter 5). Entries are
 * read once each; accessed and dirty bits are set by compare and exchange on what was
 * read, so a guest that changes an entry meanwhile makes us walk again.
 */
#include <xen/compiler.h>
#include <xen/domain.h>
#include <xen/mm.h>
#include <asm/cpu_policy.h>
#include <asm/guest_walk.h>
#include <asm/msr.h>
#include <asm/p2m.h>
#include "private.h"

#define GPTE_P  (1ULL << 0)
#define GPTE_W  (1ULL << 1)
#define GPTE_U  (1ULL << 2)
#define GPTE_A  (1ULL << 5)
#define GPTE_D  (1ULL << 6)
#define GPTE_PS (1ULL << 7)
#define GPTE_NX (1ULL << 63)
#define GPTE_ADDR 0x000ffffffffff000ULL

/*
 * PAE page-directory-pointer entries know no rights, and must not have these bits. The
 * accessed bit is none of the guest's: QEMU's processors set it when they walk.
 */
#define PDPTE_RSVD 0x1c6ULL

struct walk_mode {
    unsigned int levels;    /* 4, 3 (PAE), 2 */
    unsigned int bits;      /* index bits of a full table */
    unsigned int entry;     /* bytes of an entry */
    bool nx;
    bool large4m;           /* 2-level: PS is honoured */
};

struct walk {
    struct vcpu *v;
    struct walk_mode mode;
    uint64_t gva;
    uint32_t access;
    uint64_t rights;        /* W and U of all levels so far */
    bool nx;                /* any level */
    struct gw_line *line;   /* what the walk reads is noted here */
};

enum step { STEP_DOWN, STEP_LEAF, STEP_ABSENT, STEP_RSVD };

static struct walk_mode current_mode(const struct hvm_vcpu *h)
{
    bool nx = h->efer & EFER_NXE;

    if (h->efer & EFER_LMA)
        return (struct walk_mode){ 4, 9, 8, nx, false };
    if (h->guest_cr[4] & CR4_PAE)
        return (struct walk_mode){ 3, 9, 8, nx, false };
    return (struct walk_mode){ 2, 10, 4, false, h->guest_cr[4] & CR4_PSE };
}

/* Bits that v's address width leaves reserved in an 8-byte entry. */
static uint64_t reserved_bits(const struct walk *w)
{
    unsigned int width = cpu_policy_maxphysaddr(w->v->domain->arch.policy);
    uint64_t rsvd = GPTE_ADDR & ~((1ULL << width) - 1);

    return w->mode.nx ? rsvd : rsvd | GPTE_NX;
}

static enum step check_entry(struct walk *w, unsigned int level, uint64_t e)
{
    bool large = false;

    if (!(e & GPTE_P))
        return STEP_ABSENT;
    if (w->mode.entry == 8) {
        if (e & reserved_bits(w))
            return STEP_RSVD;
        if (w->mode.levels == 3 && level == 3)
            return e & PDPTE_RSVD ? STEP_RSVD : STEP_DOWN;
        large = (e & GPTE_PS) && (level == 2 || level == 3);
        if ((e & GPTE_PS) && level == 4)
            return STEP_RSVD;
        /* Address bits below a large page's size, the PAT bit (12) apart. */
        if (large && (e & ((1ULL << (12 + 9 * (level - 1))) - 1) & ~0x1fffULL))
            return STEP_RSVD;
    } else {
        large = level == 2 && (e & GPTE_PS) && w->mode.large4m;
        if (large && (e & (1ULL << 21)))
            return STEP_RSVD;
    }
    w->rights &= e;
    w->nx |= w->mode.entry == 8 && (e & GPTE_NX);
    return large || level == 1 ? STEP_LEAF : STEP_DOWN;
}

/* May the access be made through what the walk found? SMEP and SMAP included. */
static bool permitted(const struct walk *w)
{
    const struct hvm_vcpu *h = &w->v->arch.hvm;
    bool user_page = w->rights & GPTE_U, user = w->access & GW_USER;

    if (user && !user_page)
        return false;
    if (w->access & GW_FETCH) {
        if (w->mode.nx && w->nx)
            return false;
        return user || !user_page || !(h->guest_cr[4] & CR4_SMEP);
    }
    if (!user && user_page && (h->guest_cr[4] & CR4_SMAP) &&
        !(w->v->arch.regs.rflags & X86_EFLAGS_AC))
        return false;
    if (!(w->access & GW_WRITE) || (w->rights & GPTE_W))
        return true;
    return !user && !(h->guest_cr[0] & CR0_WP);
}

/* Set bits in the entry if it still is what was read; false: it is not. */
static bool update_entry(void *entry, unsigned int bytes, uint64_t old, uint64_t set)
{
    if (bytes == 8)
        return __atomic_compare_exchange_n((uint64_t *)entry, &old, old | set, false,
                                           __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
    uint32_t old32 = (uint32_t)old;

    return __atomic_compare_exchange_n((uint32_t *)entry, &old32, old32 | (uint32_t)set,
                                       false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
}

static void note(struct walk *w, const void *entry, uint64_t val)
{
    w->line->entry[w->line->levels] = entry;
    w->line->seen[w->line->levels++] = val;
}

/*
 * One level. Reads the entry in the table at `table`, judges it, and sets its accessed
 * (and for a leaf that is written dirty) bit. *again: it changed under us.
 */
static enum step walk_level(struct walk *w, unsigned int level, paddr_t table,
                            uint64_t *out, bool *again)
{
    struct domain *d = w->v->domain;
    unsigned int shift = 12 + w->mode.bits * (level - 1);
    unsigned int index = (w->gva >> shift) & ((1u << w->mode.bits) - 1);
    struct page_info *pg;
    enum p2m_type t;
    enum step step;
    uint64_t e, set = GPTE_A;
    void *entry;

    if (w->mode.levels == 3 && level == 3)
        index &= 3;
    pg = p2m_get_page(d, gaddr_to_gfn(table), &t, 0);
    if (!pg)
        return STEP_ABSENT;
    entry = (char *)page_to_virt(pg) + (table & ~PAGE_MASK) + index * w->mode.entry;
    e = w->mode.entry == 8 ? read_once(*(uint64_t *)entry)
                           : read_once(*(uint32_t *)entry);
    step = check_entry(w, level, e);
    if (step == STEP_LEAF) {
        if (!permitted(w)) {
            page_put(pg);
            *out = e;
            return STEP_LEAF;
        }
        if (w->access & GW_WRITE)
            set |= GPTE_D;
    }
    /* PAE's top entries have no accessed bit; tables in read-only memory keep theirs. */
    if (w->mode.levels == 3 && level == 3)
        set = 0;
    if ((step == STEP_DOWN || step == STEP_LEAF) && (e & set) != set && t == P2M_RAM_RW)
        *again = !update_entry(entry, w->mode.entry, e, set);
    /* With the bits: an entry that could not get them makes no line that fits again. */
    note(w, entry, e | set);
    page_put(pg);
    *out = e;
    return step;
}

static paddr_t leaf_address(const struct walk *w, unsigned int level, uint64_t e)
{
    uint64_t size = 1ULL << (12 + w->mode.bits * (level - 1));
    uint64_t base = e & GPTE_ADDR & ~(size - 1);

    /* A 4 MiB page has address bits 32-39 in bits 13-20 (PSE-36). */
    if (w->mode.entry == 4 && level == 2)
        base = (e & 0xffc00000) | (e & 0x1fe000) << 19;
    return base | (w->gva & (size - 1));
}

/* One try at the whole walk: 0, 1 (again) or -1 with *pfec. */
static int walk_once(struct walk *w, paddr_t *gpa, uint32_t *pfec)
{
    paddr_t table = w->v->arch.hvm.guest_cr[3] & GPTE_ADDR;
    uint64_t e = 0;
    bool again = false;

    if (w->mode.levels == 3)
        table = w->v->arch.hvm.guest_cr[3] & 0xffffffe0;
    w->rights = GPTE_W | GPTE_U;
    w->nx = false;
    w->line->levels = 0;
    w->line->entry_bytes = (uint8_t)w->mode.entry;
    for (unsigned int level = w->mode.levels; level; level--) {
        switch (walk_level(w, level, table, &e, &again)) {
        case STEP_ABSENT:
            return -1;
        case STEP_RSVD:
            *pfec |= GW_PRESENT | GW_RSVD;
            return -1;
        case STEP_LEAF:
            if (again)
                return 1;
            *pfec |= GW_PRESENT;
            if (!permitted(w))
                return -1;
            *gpa = leaf_address(w, level, e);
            return 0;
        case STEP_DOWN:
            if (again)
                return 1;
            table = e & (w->mode.entry == 8 ? GPTE_ADDR : 0xfffff000);
        }
    }
    return -1;
}

static bool canonical(uint64_t gva)
{
    return (uint64_t)((int64_t)(gva << 16) >> 16) == gva;
}

bool guest_walk(struct vcpu *v, uint64_t gva, uint32_t access, paddr_t *gpa,
                uint32_t *pfec)
{
    struct walk w = { .v = v, .gva = gva, .access = access };
    uint64_t generation = p2m_tlb_generation(v->domain);
    int rc = 1;

    if (gw_recall(v, gva, access, gpa))
        return true;
    w.line = gw_begin(v, gva, access);
    if (!(v->arch.hvm.guest_cr[0] & CR0_PG)) {
        *gpa = gva & 0xffffffff;
        gw_end(w.line, generation, *gpa);
        return true;
    }
    w.mode = current_mode(&v->arch.hvm);
    /* The fetch bit is reported only where it can matter (APM vol. 2 8.4.2). */
    *pfec = access & (GW_WRITE | GW_USER);
    if ((access & GW_FETCH) && (w.mode.nx || (v->arch.hvm.guest_cr[4] & CR4_SMEP)))
        *pfec |= GW_FETCH;
    if (w.mode.levels == 4 && !canonical(gva))
        return false;
    /* A guest that keeps changing its entries gets a fault it would not have had. */
    for (unsigned int tries = 0; rc > 0 && tries < 16; tries++) {
        uint32_t code = *pfec;

        rc = walk_once(&w, gpa, &code);
        if (rc < 0)
            *pfec = code;
    }
    if (rc == 0)
        gw_end(w.line, generation, *gpa);
    return rc == 0;
}
