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
    int err;                    /* of unmapping */
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

/* A run of host frames that the BAR had mapped. */
static int unmap_run(unsigned long first, unsigned long last, void *arg)
{
    struct span *s = arg;
    unsigned long gfn = first - s->shift, n = last - first + 1;
    int err;

    if (needed_elsewhere(s, gfn))
        return 0;
    err = p2m_unmap_mmio(s->v->d, _gfn(gfn), _mfn(first), n);
    if (err == -EINVAL)
        err = unmap_pieces(s->v->d, gfn, first, n);
    if (err && !s->err)
        s->err = err;
    return 0;
}

static void unmap_all(struct span *s)
{
    (void)rangeset_for_each(&s->bar->frames, 0, ~0UL, unmap_run, s);
    rangeset_destroy(&s->bar->frames);
}

/* A run of host frames that the domain may use and that are not trapped. */
static int map_run(unsigned long first, unsigned long last, void *arg)
{
    struct span *s = arg;
    unsigned long gfn = first - s->shift;
    int err = 0;

    /* Noted before it is there: what cannot be noted is not mapped. */
    err = rangeset_add(&s->bar->frames, first, last);
    if (err || needed_elsewhere(s, gfn))
        return err;
    err = p2m_map_mmio(s->v->d, _gfn(gfn), _mfn(first), last - first + 1);
    if (err)
        /* Cutting off the end of the last range takes no memory. */
        (void)rangeset_remove(&s->bar->frames, first, last);
    return err;
}

/* All of a BAR but for the pages of the MSI-X table and PBA. */
static int map_frames(struct span *s, unsigned int i, uint64_t at)
{
    unsigned long frame = at >> PAGE_SHIFT;
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

void vpci_unmap_bar(struct vpci *v, unsigned int i)
{
    struct vpci_bar *bar = &v->bar[i];
    struct span s = span_of(v, bar, bar->mapped_at);

    if (!bar->mapped)
        return;
    bar->mapped = false;
    unmap_all(&s);
    if (s.err)
        printk(XENLOG_GUEST XENLOG_WARNING "%pd: %pp: BAR %u at %#lx not unmapped: %d\n",
               v->d, &v->pdev->sbdf.v, i, (unsigned long)bar->mapped_at, s.err);
}

int vpci_map_bar(struct vpci *v, unsigned int i)
{
    struct vpci_bar *bar = &v->bar[i];
    struct span s;
    int err;

    if (!bar->size || !bar->addr || !bar->enabled || bar->mapped)
        return 0;
    if (v->d->is_privileged)
        v->pdev->bar[i].addr = bar->host = bar->addr;
    /* A page that the BAR fills only in part may belong to someone else as well. */
    else if ((bar->addr | bar->host | bar->size) % PAGE_SIZE)
        return 0;
    s = span_of(v, bar, bar->addr);
    rangeset_init(&bar->frames, &v->d->charge, "BAR");
    err = map_frames(&s, i, bar->addr);
    if (err) {
        unmap_all(&s);
        printk(XENLOG_GUEST XENLOG_WARNING
               "%pd: %pp: BAR %u at %#lx, %#lx bytes, not mapped: %d\n", v->d,
               &v->pdev->sbdf.v, i, (unsigned long)bar->addr, (unsigned long)bar->size,
               err);
        return err;
    }
    bar->mapped = true;
    bar->mapped_at = bar->addr;
    return 0;
}
