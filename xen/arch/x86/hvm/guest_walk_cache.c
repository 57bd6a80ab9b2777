/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Walks that need not be made again. A guest may change its tables without telling us, so
 * nothing is believed: a line is used only if the control registers are those of the
 * walk, the p2m has lost nothing since, and every entry that the walk read still reads
 * the same. Then a walk would read just these and end the same (accessed and dirty bits
 * are among them). No reference is kept; holding the p2m still is what keeps the frames.
 */
#include <xen/compiler.h>
#include <xen/domain.h>
#include <xen/mm.h>
#include <asm/guest_walk.h>
#include <asm/p2m.h>
#include "private.h"

/* SMAP looks at RFLAGS.AC. */
static uint32_t access_of(const struct vcpu *v, uint32_t access)
{
    return access | (uint32_t)(v->arch.regs.rflags & X86_EFLAGS_AC);
}

static bool made_for(const struct gw_line *l, const struct vcpu *v, uint64_t gva,
                     uint32_t access)
{
    const struct hvm_vcpu *h = &v->arch.hvm;
    uint64_t differs = l->gva ^ (gva & PAGE_MASK);

    differs |= l->cr0 ^ h->guest_cr[0];
    differs |= l->cr3 ^ h->guest_cr[3];
    differs |= l->cr4 ^ h->guest_cr[4];
    differs |= l->efer ^ h->efer;
    differs |= l->access ^ access_of(v, access);
    return !differs;
}

/*
 * What one instruction needs at a time never shares a set: code, what it reads and what
 * it writes are apart, and so are neighbouring pages. Two pages find room in each set, so
 * that an operand and a stack whose numbers are alike do not push each other out. Code
 * has more sets: a vCPU exits from many places in turn (hypercalls, HLT, the end of an
 * interrupt), and where they are one page more than there is room, each exit walks.
 */
static struct gw_line *set_for(struct vcpu *v, uint64_t gva, uint32_t access)
{
    unsigned int page = (unsigned int)(gva >> PAGE_SHIFT), set;

    if (access & GW_FETCH)
        set = page % GW_CODE_SETS;
    else
        set = GW_CODE_SETS + (access & GW_WRITE ? GW_DATA_SETS : 0) + page % GW_DATA_SETS;
    return &v->arch.hvm.walked[set * GW_WAYS];
}

/* The line of this very access, or NULL. Whether it still holds is another question. */
static struct gw_line *find(struct vcpu *v, uint64_t gva, uint32_t access)
{
    struct gw_line *l = set_for(v, gva, access);

    if (made_for(l, v, gva, access)) {
        l[0].older = false;
        l[1].older = true;
        return l;
    }
    if (made_for(l + 1, v, gva, access)) {
        l[0].older = true;
        l[1].older = false;
        return l + 1;
    }
    return NULL;
}

/* For a new walk: the line of the old one, or the one that was used less recently. */
static struct gw_line *replace(struct vcpu *v, uint64_t gva, uint32_t access)
{
    struct gw_line *set = set_for(v, gva, access), *l = find(v, gva, access);

    if (!l)
        l = set[0].older ? set : set + 1;
    set[0].older = l != set;
    set[1].older = l == set;
    return l;
}

static bool unchanged(const struct gw_line *l)
{
    for (unsigned int i = 0; i < l->levels; i++) {
        uint64_t e = l->entry_bytes == 8 ? read_once(*(const uint64_t *)l->entry[i])
                                         : read_once(*(const uint32_t *)l->entry[i]);

        if (e != l->seen[i])
            return false;
    }
    return true;
}

/* True: the line holds, and goes on to until p2m_release(). */
static bool hold(struct vcpu *v, const struct gw_line *l)
{
    if (!p2m_hold(v->domain, l->generation))
        return false;
    if (unchanged(l))
        return true;
    p2m_release(v->domain);
    return false;
}

bool gw_recall(struct vcpu *v, uint64_t gva, uint32_t access, paddr_t *gpa)
{
    struct gw_line *l = find(v, gva, access);

    if (!l || !hold(v, l))
        return false;
    p2m_release(v->domain);
    *gpa = l->gpa | (gva & ~PAGE_MASK);
    return true;
}

/*
 * The frame is looked up at the second use: many walks are used once. What is found here
 * is believed only if hold() then says that nothing was removed since the walk.
 */
static void *frame_of(struct vcpu *v, struct gw_line *l)
{
    enum p2m_type t;
    mfn_t mfn;

    if (l->looked_up)
        return l->page;
    l->looked_up = true;
    mfn = p2m_lookup(v->domain, gaddr_to_gfn(l->gpa), &t, NULL);
    if (p2m_type_has_frame(t) && (!(l->access & GW_WRITE) || p2m_type_writable(t)))
        l->page = mfn_to_virt(mfn);
    return l->page;
}

void *guest_page_hold(struct vcpu *v, uint64_t gva, uint32_t access)
{
    struct gw_line *l = find(v, gva, access);
    void *page;

    if (!l)
        return NULL;
    page = frame_of(v, l);
    return page && hold(v, l) ? (char *)page + (gva & ~PAGE_MASK) : NULL;
}

void guest_page_release(struct vcpu *v)
{
    p2m_release(v->domain);
}

struct gw_line *gw_begin(struct vcpu *v, uint64_t gva, uint32_t access)
{
    const struct hvm_vcpu *h = &v->arch.hvm;
    struct gw_line *l = replace(v, gva, access);

    l->generation = 0;
    l->gva = gva & PAGE_MASK;
    l->cr0 = h->guest_cr[0];
    l->cr3 = h->guest_cr[3];
    l->cr4 = h->guest_cr[4];
    l->efer = h->efer;
    l->access = access_of(v, access);
    l->levels = 0;
    l->page = NULL;
    l->looked_up = false;
    return l;
}

void gw_end(struct gw_line *l, uint64_t generation, paddr_t gpa)
{
    l->gpa = gpa & PAGE_MASK;
    l->generation = generation;
}
