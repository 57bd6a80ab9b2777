/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * MSI-X (PCI 3.0, section 6.8.2). The table is in a BAR: its pages are not mapped into
 * the guest, accesses come here. Entries are kept in a shadow; an entry gets a host
 * interrupt when it is first unmasked while MSI-X is on.
 */
#include <xen/alloc.h>
#include <xen/lib.h>
#include <xen/mm.h>
#include <asm/cpu.h>
#include <asm/hvm.h>

#include "private.h"

static void arrived(unsigned int irq, void *data)
{
    struct vpci_msix_entry *e = data;

    (void)irq;
    hvm_deliver_msi(e->owner->d, read_once(e->address), read_once(e->data));
}

static uint64_t table_len(const struct vpci_msix *m)
{
    return (uint64_t)m->count * PCI_MSIX_ENTRY_LEN;
}

static uint64_t pba_len(const struct vpci_msix *m)
{
    return (m->count + 63) / 64 * 8ULL;
}

bool vpci_msix_hole(const struct vpci *v, unsigned int bar, unsigned int which,
                    uint64_t *first, uint64_t *last)
{
    const struct vpci_msix *m = &v->msix;
    uint64_t offset = which ? m->pba_offset : m->table_offset;

    if (!m->count || bar != (which ? m->pba_bar : m->table_bar))
        return false;
    *first = offset & PAGE_MASK;
    *last = (offset + (which ? pba_len(m) : table_len(m)) - 1) | ~PAGE_MASK;
    return true;
}

/* Where the table (0) or the PBA (1) is now; false while memory decoding is off. */
static bool place(const struct vpci *v, unsigned int which, uint64_t *at)
{
    const struct vpci_msix *m = &v->msix;
    const struct vpci_bar *bar = &v->bar[which ? m->pba_bar : m->table_bar];

    if (!m->count || !v->memory_on || !bar->mapped)
        return false;
    *at = bar->mapped_at + (which ? m->pba_offset : m->table_offset);
    return true;
}

bool vpci_msix_claims(const struct vpci *v, paddr_t gpa)
{
    for (unsigned int which = 0; which < 2; which++) {
        uint64_t at, len = which ? pba_len(&v->msix) : table_len(&v->msix);

        if (place(v, which, &at) && gpa >> PAGE_SHIFT >= at >> PAGE_SHIFT &&
            gpa >> PAGE_SHIFT <= (at + len - 1) >> PAGE_SHIFT)
            return true;
    }
    return false;
}

/* ---- one entry ---- */

/* Bring the host side in line with what the shadow says. */
static void update_entry(struct vpci *v, unsigned int i)
{
    struct vpci_msix *m = &v->msix;
    struct vpci_msix_entry *e = &m->entry[i];
    int err;

    if (!m->enabled)
        return;
    if (e->bound) {
        pci_msi_mask(v->pdev, true, i, e->masked);
        return;
    }
    if (e->masked)
        return;
    err = pci_msi_bind(v->pdev, true, i, v->d, arrived, e);
    if (err)
        gprintk(XENLOG_WARNING, "%pp: no interrupt for MSI-X entry %u: error %d\n",
                &v->pdev->sbdf.v, i, err);
    else
        e->bound = true;
}

static uint32_t entry_read(const struct vpci_msix_entry *e, unsigned int word)
{
    switch (word) {
    case 0:
        return (uint32_t)e->address;
    case 1:
        return (uint32_t)(e->address >> 32);
    case 2:
        return e->data;
    }
    return e->masked ? PCI_MSIX_VECTOR_MASKED : 0;
}

static void entry_write(struct vpci *v, unsigned int i, unsigned int word, uint32_t val)
{
    struct vpci_msix_entry *e = &v->msix.entry[i];

    switch (word) {
    case 0:
        write_once(e->address, (e->address & ~0xffffffffULL) | (val & ~3U));
        break;
    case 1:
        write_once(e->address, (uint64_t)val << 32 | (uint32_t)e->address);
        break;
    case 2:
        write_once(e->data, val);
        break;
    case 3:
        e->masked = val & PCI_MSIX_VECTOR_MASKED;
        update_entry(v, i);
        break;
    }
}

/* ---- the trapped pages ---- */

static int table_access(struct vpci *v, uint64_t offset, unsigned int size, bool write,
                        uint64_t *val)
{
    /* Naturally aligned dwords and qwords only; all else is undefined: all ones. */
    if ((size != 4 && size != 8) || offset % size)
        return IO_UNHANDLED;
    if (!write)
        *val = 0;
    for (unsigned int done = 0; done < size; done += 4) {
        unsigned int i = (unsigned int)((offset + done) / PCI_MSIX_ENTRY_LEN);
        unsigned int word = (unsigned int)((offset + done) % PCI_MSIX_ENTRY_LEN / 4);

        if (write)
            entry_write(v, i, word, (uint32_t)(*val >> (8 * done)));
        else
            *val |= (uint64_t)entry_read(&v->msix.entry[i], word) << (8 * done);
    }
    return IO_OK;
}

/* At the device itself, wherever the guest has it. */
static int window_access(struct vpci *v, unsigned int which, paddr_t gpa,
                         unsigned int size, bool write, uint64_t *val)
{
    struct vpci_msix *m = &v->msix;
    const struct vpci_bar *bar = &v->bar[which ? m->pba_bar : m->table_bar];
    uint64_t at, page;
    uint8_t *va;

    if (!place(v, which, &at) || gpa % size)
        return IO_UNHANDLED;
    page = (bar->host + (gpa - bar->mapped_at)) & PAGE_MASK;
    if (m->window[which] && m->window_pa[which] != page) {
        iounmap(m->window[which]);
        m->window[which] = NULL;
    }
    if (!m->window[which]) {
        m->window[which] = ioremap_for(&v->d->charge, CHARGE_VPCI, page, PAGE_SIZE);
        m->window_pa[which] = page;
    }
    if (!m->window[which])
        return IO_UNHANDLED;
    va = m->window[which] + (gpa & ~PAGE_MASK);
    if (write) {
        if (size == 1)
            mmio_write8(va, (uint8_t)*val);
        else if (size == 2)
            *(volatile uint16_t *)va = (uint16_t)*val;
        else if (size == 4)
            mmio_write32(va, (uint32_t)*val);
        else
            mmio_write64(va, *val);
    } else if (size == 1) {
        *val = mmio_read8(va);
    } else if (size == 2) {
        *val = *(const volatile uint16_t *)va;
    } else {
        *val = size == 4 ? mmio_read32(va) : mmio_read64(va);
    }
    return IO_OK;
}

int vpci_msix_access(struct vpci *v, paddr_t gpa, unsigned int size, bool write,
                     uint64_t *val)
{
    struct vpci_msix *m = &v->msix;
    uint64_t at;

    if (place(v, 0, &at) && gpa >= at && gpa < at + table_len(m)) {
        if (gpa + size > at + table_len(m))
            return IO_UNHANDLED;
        return table_access(v, gpa - at, size, write, val);
    }
    if (place(v, 1, &at) && gpa + size > at && gpa < at + pba_len(m))
        return write ? IO_OK : window_access(v, 1, gpa, size, false, val);
    /* Straddling into the table is not a thing a driver does. */
    if (place(v, 0, &at) && gpa < at && gpa + size > at)
        return IO_UNHANDLED;
    /* The rest of those pages is the device's: domain 0 gets it passed on. */
    if (!v->d->is_privileged)
        return IO_UNHANDLED;
    return window_access(v, 0, gpa, size, write, val);
}

/* ---- capability ---- */

static uint32_t control_read(struct vpci *v, const struct vpci_field *f)
{
    (void)f;
    return (v->msix.count - 1) | (v->msix.enabled ? PCI_MSIX_ENABLE : 0) |
           (v->msix.mask_all ? PCI_MSIX_MASK_ALL : 0);
}

static void unbind(struct vpci *v, unsigned int i)
{
    struct vpci_msix_entry *e = &v->msix.entry[i];

    if (e->bound)
        pci_msi_unbind(v->pdev, true, i);
    e->bound = false;
}

void vpci_msix_switch_off(struct vpci *v)
{
    pci_msix_enable(v->pdev, false, false);
    v->msix.enabled = false;
    vpci_begin(v, VPCI_UNBIND);
}

/* Function masked while entries are set up. */
static void switch_on(struct vpci *v)
{
    v->msix.enabled = true;
    pci_msix_enable(v->pdev, true, true);
    vpci_begin(v, VPCI_BIND);
}

bool vpci_msix_step(struct vpci *v)
{
    if (v->job == VPCI_BIND)
        update_entry(v, v->at);
    else
        unbind(v, v->at);
    return ++v->at == v->msix.count;
}

static void control_write(struct vpci *v, const struct vpci_field *f, uint32_t val)
{
    struct vpci_msix *m = &v->msix;
    bool on = val & PCI_MSIX_ENABLE;

    (void)f;
    m->mask_all = val & PCI_MSIX_MASK_ALL;
    if (!on && m->enabled)
        vpci_msix_switch_off(v);
    else if (on && !m->enabled)
        switch_on(v);
    else if (on)
        pci_msix_enable(v->pdev, true, m->mask_all);
}

void vpci_msix_reset(struct vpci *v)
{
    struct vpci_msix *m = &v->msix;

    if (m->enabled)
        pci_msix_enable(v->pdev, false, false);
    m->enabled = m->mask_all = false;
    for (unsigned int i = 0; i < m->count; i++) {
        unbind(v, i);
        m->entry[i] = (struct vpci_msix_entry){ .masked = true, .owner = v };
    }
}

int vpci_msix_init(struct vpci *v)
{
    struct vpci_msix *m = &v->msix;
    struct pci_msi_info info;

    if (!pci_msi_info(v->pdev, true, &info))
        return 0;
    pci_msix_enable(v->pdev, false, false);
    m->entry = charge_alloc_array(&v->d->charge, CHARGE_VPCI, info.vectors,
                                  sizeof(*m->entry));
    if (!m->entry)
        return -ENOMEM;
    m->count = info.vectors;
    m->table_bar = info.table_bar;
    m->table_offset = info.table_offset;
    m->pba_bar = info.pba_bar;
    m->pba_offset = info.pba_offset;
    vpci_msix_reset(v);
    return vpci_add_field(v, v->pdev->msix_pos + PCI_MSIX_CONTROL, 2, 0, control_read,
                          control_write);
}

void vpci_msix_release(struct vpci *v)
{
    struct vpci_msix *m = &v->msix;

    vpci_msix_reset(v);
    for (unsigned int which = 0; which < 2; which++) {
        if (m->window[which])
            iounmap(m->window[which]);
        m->window[which] = NULL;
    }
    charge_free(m->entry);
    m->entry = NULL;
    m->count = 0;
}
