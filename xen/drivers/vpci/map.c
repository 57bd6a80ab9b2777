/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A device's memory in its owner's p2m. A BAR remembers the frames it brought there:
 * what may be mapped is decided when it is mapped, and all of that goes again, even if
 * the permission for it went first or a later part could not be mapped.
 */
#include <xen/lib.h>
#include <xen/mm.h>
#include <asm/p2m.h>

#include "private.h"

struct span {
    struct vpci *v;
    struct vpci_bar *bar;
    unsigned long shift;        /* mfn = gfn + shift (wrapping) */
    unsigned long first, last;  /* host frames, of a run that has to go */
};

/* Does another BAR that is mapped use this frame? BARs may be smaller than a page. */
static bool frame_shared(const struct vpci *self, const struct vpci_bar *bar,
                         unsigned long gfn)
{
    struct vpci_domain *vd = self->d->arch.vpci;
    struct vpci *v;

    list_for_each(v, &vd->devices, link) {
        for (unsigned int i = 0; i <= PCI_ROM_BAR; i++) {
            const struct vpci_bar *b = &v->bar[i];

            if (b != bar && b->mapped && gfn >= b->mapped_at >> PAGE_SHIFT &&
                gfn <= (b->mapped_at + b->size - 1) >> PAGE_SHIFT)
                return true;
        }
    }
    return false;
}

/* A BAR below a page's size shares its only page with others; none has both. */
static bool needed_elsewhere(const struct span *s, unsigned long gfn)
{
    return s->bar->size < PAGE_SIZE && frame_shared(s->v, s->bar, gfn);
}

/*
 * The guest may have put something else in place of single frames. The rest still has to
 * go: aligned pieces, halved until what cannot go is one such frame. A piece never cuts a
 * superpage that is whole, so no table is needed and nothing can run out.
 */
static int unmap_pieces(struct domain *d, unsigned long gfn, unsigned long mfn,
                        unsigned long n)
{
    int err, first = 0;

    while (n) {
        unsigned long piece = gfn & -gfn;

        if (!piece || piece > n)
            piece = 1UL << (BITS_PER_LONG - 1 - __builtin_clzl(n));
        err = p2m_unmap_mmio(d, _gfn(gfn), _mfn(mfn), piece);
        while (err == -EINVAL && piece > 1) {
            piece /= 2;
            err = p2m_unmap_mmio(d, _gfn(gfn), _mfn(mfn), piece);
        }
        if (err && err != -EINVAL && !first)
            first = err;
        gfn += piece;
        mfn += piece;
        n -= piece;
    }
    return first;
}

/*
 * How far a step goes in a run from gfn to last: to where the largest leaf ends at most,
 * so that no leaf is cut, and what is done in one piece fits below one such entry.
 */
static unsigned long step_end(unsigned long gfn, unsigned long last)
{
    return MIN(last, gfn | ((1UL << PAGE_ORDER_1G) - 1));
}

static int first_run(unsigned long first, unsigned long last, void *arg)
{
    struct span *s = arg;

    s->first = first;
    s->last = last;
    return 1;
}

/* The first part of what the BAR has mapped. False: nothing is left. */
static bool unmap_some(struct span *s, int *err)
{
    unsigned long gfn, n;

    *err = 0;
    if (!rangeset_for_each(&s->bar->frames, 0, ~0UL, first_run, s))
        return false;
    gfn = s->first - s->shift;
    n = step_end(gfn, s->last - s->shift) - gfn + 1;
    if (!needed_elsewhere(s, gfn)) {
        *err = p2m_unmap_mmio(s->v->d, _gfn(gfn), _mfn(s->first), n);
        if (*err == -EINVAL)
            *err = unmap_pieces(s->v->d, gfn, s->first, n);
    }
    /* Cutting off the beginning of a range takes no memory. */
    (void)rangeset_remove(&s->bar->frames, s->first, s->first + n - 1);
    return true;
}

/* Part of a run of host frames that the domain may use and that are not trapped. */
static int map_run(unsigned long first, unsigned long last, void *arg)
{
    struct span *s = arg;
    unsigned long gfn = first - s->shift;
    int err = 0;

    last = step_end(gfn, last - s->shift) + s->shift;
    /* Noted before it is there: what cannot be noted is not mapped. */
    err = rangeset_add(&s->bar->frames, first, last);
    if (!err && !needed_elsewhere(s, gfn)) {
        err = p2m_map_mmio(s->v->d, _gfn(gfn), _mfn(first), last - first + 1);
        if (err)
            /* Cutting off the end of the last range takes no memory. */
            (void)rangeset_remove(&s->bar->frames, first, last);
    }
    s->bar->next = last - s->shift + 1;
    return err ? err : -ERESTART;
}

/*
 * The next part of a BAR, from bar->next on, without the pages of the MSI-X table and
 * PBA. -ERESTART: there may be more of it.
 */
static int map_some(struct span *s, unsigned int i)
{
    uint64_t at = s->bar->mapped_at;
    unsigned long frame = s->bar->next;
    unsigned long last = (at + s->bar->size - 1) >> PAGE_SHIFT;
    uint64_t hole[2][2] = { { ~0ULL, 0 }, { ~0ULL, 0 } };
    int err = 0;

    for (unsigned int h = 0; h < 2; h++)
        (void)vpci_msix_hole(s->v, i, h, &hole[h][0], &hole[h][1]);
    /* From hole to hole; there are two at most, in either order. */
    while (frame <= last && !err) {
        unsigned long stop = last + 1, next = last + 1;

        for (unsigned int h = 0; h < 2; h++) {
            unsigned long from = (at + hole[h][0]) >> PAGE_SHIFT;
            unsigned long to = (at + hole[h][1]) >> PAGE_SHIFT;

            if (hole[h][0] != ~0ULL && to >= frame && from < stop) {
                stop = MAX(from, frame);
                next = to + 1;
            }
        }
        if (stop > frame)
            err = rangeset_for_each(&s->v->d->iomem_caps, frame + s->shift,
                                    stop - 1 + s->shift, map_run, s);
        frame = next;
    }
    return err;
}

static struct span span_of(struct vpci *v, struct vpci_bar *bar, uint64_t at)
{
    return (struct span){
        .v = v, .bar = bar, .shift = (bar->host >> PAGE_SHIFT) - (at >> PAGE_SHIFT),
    };
}

int vpci_unmap_step(struct vpci *v, unsigned int i)
{
    struct vpci_bar *bar = &v->bar[i];
    struct span s = span_of(v, bar, bar->mapped_at);
    int err;

    if (!bar->mapped && !bar->partly)
        return 0;
    bar->mapped = false;
    bar->partly = unmap_some(&s, &err);
    if (err)
        printk(XENLOG_GUEST XENLOG_WARNING "%pd: %pp: BAR %u at %#lx not unmapped: %d\n",
               v->d, &v->pdev->sbdf.v, i, (unsigned long)bar->mapped_at, err);
    if (!bar->partly)
        rangeset_destroy(&bar->frames);
    return bar->partly ? -ERESTART : 0;
}

void vpci_unmap_bar(struct vpci *v, unsigned int i)
{
    while (vpci_unmap_step(v, i))
        continue;
    v->bar[i].err = 0;
}

/* Whether there is something to map at all; then it may be mapped in part from now on. */
static bool begin(struct vpci *v, unsigned int i)
{
    struct vpci_bar *bar = &v->bar[i];

    if (!bar->size || !bar->addr || !bar->enabled || bar->mapped)
        return false;
    if (v->d->is_privileged)
        v->pdev->bar[i].addr = bar->host = bar->addr;
    /* A page that the BAR fills only in part may belong to someone else as well. */
    else if ((bar->addr | bar->host | bar->size) % PAGE_SIZE)
        return false;
    rangeset_init(&bar->frames, &v->d->charge, "BAR");
    bar->mapped_at = bar->addr;
    bar->next = bar->addr >> PAGE_SHIFT;
    bar->partly = true;
    return true;
}

int vpci_map_step(struct vpci *v, unsigned int i)
{
    struct vpci_bar *bar = &v->bar[i];
    struct span s;
    int err;

    if (!bar->partly && !begin(v, i))
        return 0;
    s = span_of(v, bar, bar->mapped_at);
    if (!bar->err) {
        err = map_some(&s, i);
        bar->partly = err;
        bar->mapped = !err;
        if (!err || err == -ERESTART)
            return err;
        printk(XENLOG_GUEST XENLOG_WARNING
               "%pd: %pp: BAR %u at %#lx, %#lx bytes, not mapped: %d\n", v->d,
               &v->pdev->sbdf.v, i, (unsigned long)bar->addr, (unsigned long)bar->size,
               err);
        bar->err = err;
    }
    if (vpci_unmap_step(v, i))
        return -ERESTART;
    err = bar->err;
    bar->err = 0;
    return err;
}

int vpci_map_bar(struct vpci *v, unsigned int i)
{
    int err;

    do {
        err = vpci_map_step(v, i);
    } while (err == -ERESTART);
    return err;
}
