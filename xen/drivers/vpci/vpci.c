/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Config space of a domain's devices. An access is cut along the fields it touches; what
 * no field covers is the hardware's own for domain 0 and absent for everyone else (I7).
 */
#include <xen/alloc.h>
#include <xen/hypercall.h>
#include <xen/lib.h>

#include "private.h"

int vpci_add_field(struct vpci *v, unsigned int reg, unsigned int size, uint8_t arg,
                   vpci_read_fn *read, vpci_write_fn *write)
{
    if (v->fields == VPCI_FIELDS)
        return -ENOSPC;
    v->field[v->fields++] = (struct vpci_field){
        .reg = (uint16_t)reg, .size = (uint8_t)size, .arg = arg,
        .read = read, .write = write,
    };
    return 0;
}

uint32_t vpci_hw_read(struct vpci *v, const struct vpci_field *f)
{
    return pci_conf_read(v->pdev->sbdf, f->reg, f->size);
}

static struct vpci *find(struct domain *d, sbdf_t s)
{
    struct vpci_domain *vd = d->arch.vpci;
    struct vpci *v;

    list_for_each(v, &vd->devices, link) {
        if (v->pdev->sbdf.v == s.v && !v->leaving)
            return v;
    }
    return NULL;
}

static uint32_t mask_of(unsigned int size)
{
    return size >= 4 ? ~0U : (1U << (8 * size)) - 1;
}

static const struct vpci_field *field_at(const struct vpci *v, unsigned int reg)
{
    for (unsigned int i = 0; i < v->fields; i++) {
        const struct vpci_field *f = &v->field[i];

        if (reg >= f->reg && reg < f->reg + (unsigned int)f->size)
            return f;
    }
    return NULL;
}

static bool touches_field(const struct vpci *v, unsigned int reg, unsigned int size)
{
    for (unsigned int i = 0; i < size; i++) {
        if (field_at(v, reg + i))
            return true;
    }
    return false;
}

static uint32_t plain_read(struct vpci *v, unsigned int reg, unsigned int size)
{
    return v->d->is_privileged ? pci_conf_read(v->pdev->sbdf, reg, size) : 0;
}

static void plain_write(struct vpci *v, unsigned int reg, unsigned int size,
                        uint32_t val)
{
    if (v->d->is_privileged)
        pci_conf_write(v->pdev->sbdf, reg, size, val);
}

/* How many bytes from reg on, within the access, belong to f (NULL: to none). */
static unsigned int run_length(const struct vpci *v, const struct vpci_field *f,
                               unsigned int reg, unsigned int left)
{
    if (f)
        return MIN(left, f->reg + f->size - reg);
    return 1;
}

static uint32_t split_read(struct vpci *v, unsigned int reg, unsigned int size)
{
    uint32_t result = 0;

    for (unsigned int done = 0, n; done < size; done += n) {
        const struct vpci_field *f = field_at(v, reg + done);
        uint32_t part;

        n = run_length(v, f, reg + done, size - done);
        if (f)
            part = f->read(v, f) >> (8 * (reg + done - f->reg));
        else
            part = plain_read(v, reg + done, 1);
        result |= (part & mask_of(n)) << (8 * done);
    }
    return result;
}

/* A write to a part of a field is the field's value with that part replaced. */
static void split_write(struct vpci *v, unsigned int reg, unsigned int size, uint32_t val)
{
    for (unsigned int done = 0, n; done < size; done += n) {
        const struct vpci_field *f = field_at(v, reg + done);
        uint32_t part = val >> (8 * done);

        n = run_length(v, f, reg + done, size - done);
        if (!f) {
            plain_write(v, reg + done, 1, part & 0xff);
            continue;
        }
        if (!f->write)
            continue;
        if (n < f->size) {
            unsigned int shift = 8 * (reg + done - f->reg);
            uint32_t mask = mask_of(n) << shift;

            part = (f->read(v, f) & ~mask) | (part << shift & mask);
        }
        f->write(v, f, part & mask_of(f->size));
        /* It comes again when that is over, and the rest with it. */
        if (v->job)
            break;
    }
}

static bool bad_access(unsigned int reg, unsigned int size)
{
    return (size != 1 && size != 2 && size != 4) || reg % size || reg + size > 4096;
}

uint32_t vpci_read(struct domain *d, sbdf_t s, unsigned int reg, unsigned int size)
{
    uint32_t val = ~0U;
    struct vpci *v;

    if (bad_access(reg, size) || !d->arch.vpci)
        return val & mask_of(size);
    spin_lock(&d->arch.vpci_lock);
    v = find(d, s);
    if (v)
        val = touches_field(v, reg, size) ? split_read(v, reg, size)
                                          : plain_read(v, reg, size);
    spin_unlock(&d->arch.vpci_lock);
    return val & mask_of(size);
}

/* False: there is more to do of what a write began, but something else comes first. */
static bool finish_job(struct vpci *v)
{
    while (v->job) {
        bool over = v->job == VPCI_MAP || v->job == VPCI_UNMAP ? vpci_header_step(v)
                                                               : vpci_msix_step(v);

        if (over && v->leaving && v->job == VPCI_UNMAP && v->msix.count)
            vpci_msix_switch_off(v);
        else if (over)
            v->job = VPCI_IDLE;
        else if (hypercall_preempt_check())
            return false;
    }
    return true;
}

bool vpci_write(struct domain *d, sbdf_t s, unsigned int reg, unsigned int size,
                uint32_t val)
{
    bool done = true;
    struct vpci *v;

    if (bad_access(reg, size) || !d->arch.vpci)
        return true;
    spin_lock(&d->arch.vpci_lock);
    v = find(d, s);
    while (v && !v->read_only) {
        done = finish_job(v);
        if (!done)
            break;
        if (touches_field(v, reg, size))
            split_write(v, reg, size, val);
        else
            plain_write(v, reg, size, val);
        if (!v->job)
            break;
    }
    spin_unlock(&d->arch.vpci_lock);
    return done;
}

static void release(struct vpci *v)
{
    list_del(&v->link);
    v->job = VPCI_IDLE;
    vpci_intx_release(v);
    /* The BARs first: which of their pages are mapped depends on MSI-X. */
    vpci_header_release(v);
    vpci_msi_release(v);
    vpci_msix_release(v);
    v->pdev->vpci = NULL;
    charge_free(v);
}

static int add(struct domain *d, struct pci_dev *pdev, bool read_only)
{
    struct vpci_domain *vd = d->arch.vpci;
    struct vpci *v = charge_alloc(&d->charge, CHARGE_VPCI, sizeof(*v));
    int err = 0;

    if (!v)
        return -ENOMEM;
    v->pdev = pdev;
    v->d = d;
    v->read_only = read_only;
    pdev->vpci = v;
    spin_lock(&d->arch.vpci_lock);
    list_add_tail(&vd->devices, &v->link);
    /* MSI-X first: it says which pages of the BARs are not to be mapped. */
    if (!read_only) {
        err = vpci_msix_init(v);
        if (!err)
            err = vpci_msi_init(v);
        if (!err)
            err = vpci_header_init(v);
        if (!err)
            err = vpci_intx_init(v);
        if (!err)
            err = vpci_reset_init(v);
    }
    if (err)
        release(v);
    spin_unlock(&d->arch.vpci_lock);
    return err;
}

int vpci_add(struct pci_dev *pdev)
{
    return add(pdev->domain, pdev, false);
}

/* What can be much, the BARs and then the vectors of MSI-X, is a job from here on. */
static void begin_leaving(struct vpci *v)
{
    v->leaving = true;
    vpci_intx_release(v);
    vpci_header_leave(v);
}

int vpci_remove(struct pci_dev *pdev)
{
    struct vpci *v = pdev->vpci;
    struct domain *d = v->d;
    bool over;

    ASSERT_LOCKED(&pcidevs_lock);
    spin_lock(&d->arch.vpci_lock);
    if (!v->leaving)
        begin_leaving(v);
    over = finish_job(v);
    if (over)
        release(v);
    spin_unlock(&d->arch.vpci_lock);
    return over ? 0 : -ERESTART;
}

bool vpci_leaves(const struct pci_dev *pdev)
{
    return pdev->vpci && pdev->vpci->leaving;
}

int vpci_domain_init(struct domain *d)
{
    struct vpci_domain *vd = charge_alloc(&d->charge, CHARGE_VPCI, sizeof(*vd));

    if (!vd)
        return -ENOMEM;
    list_init(&vd->devices);
    d->arch.vpci = vd;
    return 0;
}

void vpci_domain_destroy(struct domain *d)
{
    struct vpci_domain *vd = d->arch.vpci;
    struct vpci *v, *next;

    if (!vd)
        return;
    spin_lock(&d->arch.vpci_lock);
    list_for_each_safe(v, next, &vd->devices, link)
        release(v);
    spin_unlock(&d->arch.vpci_lock);
    d->arch.vpci = NULL;
    charge_free(vd);
}

/* The hypervisor's own devices: domain 0 sees that they are there. */
int vpci_show(struct domain *d, struct pci_dev *pdev)
{
    return d->arch.vpci && !pdev->vpci ? add(d, pdev, true) : 0;
}
