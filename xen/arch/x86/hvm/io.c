/* SPDX-License-Identifier: GPL-2.0-only */
/* Who answers a port or a guest physical address. */
#include <xen/domain.h>
#include <xen/errno.h>
#include <xen/lib.h>
#include <xen/vpci.h>
#include <asm/cpu.h>
#include <asm/hvm.h>
#include <asm/vlapic.h>

typedef int io_read_fn(struct vcpu *, uint64_t, unsigned int, uint64_t *, void *);
typedef int io_write_fn(struct vcpu *, uint64_t, unsigned int, uint64_t, void *);

/* Handlers stay until the domain goes, so one that was found may be called unlocked. */
int hvm_register_io(struct domain *d, bool mmio, uint64_t start, uint64_t end,
                    io_read_fn *read, io_write_fn *write, void *data)
{
    struct hvm_io_handler *h = charge_alloc(&d->charge, CHARGE_VDEV, sizeof(*h)), *other;
    int rc = 0;

    if (!h)
        return -ENOMEM;
    *h = (struct hvm_io_handler){
        .mmio = mmio, .start = start, .end = end,
        .read = read, .write = write, .data = data,
    };
    spin_lock(&d->arch.hvm.io_lock);
    list_for_each(other, &d->arch.hvm.io_handlers, link)
        if (other->mmio == mmio && other->start <= end && start <= other->end)
            rc = -EEXIST;
    if (rc == 0)
        list_add_tail(&d->arch.hvm.io_handlers, &h->link);
    spin_unlock(&d->arch.hvm.io_lock);
    if (rc)
        charge_free(h);
    return rc;
}

void hvm_unregister_io(struct domain *d)
{
    struct list *all = &d->arch.hvm.io_handlers;
    struct hvm_io_handler *h, *next;

    if (!all->next)
        return;         /* never initialised */
    list_for_each_safe(h, next, all, link) {
        list_del(&h->link);
        charge_free(h);
    }
}

/* The handler of all of [addr, addr + size), or of any of it. */
static struct hvm_io_handler *find(struct domain *d, bool mmio, uint64_t addr,
                                   unsigned int size, bool any)
{
    struct hvm_io_handler *h, *found = NULL;
    uint64_t last = addr + size - 1;

    spin_lock(&d->arch.hvm.io_lock);
    list_for_each(h, &d->arch.hvm.io_handlers, link) {
        if (h->mmio != mmio || h->start > last || addr > h->end)
            continue;
        if (any || (h->start <= addr && last <= h->end))
            found = h;
        break;
    }
    spin_unlock(&d->arch.hvm.io_lock);
    return found;
}

static uint64_t ones(unsigned int size)
{
    return ~0ull >> (64 - 8 * size);
}

static int call(struct vcpu *v, const struct hvm_io_handler *h, uint64_t addr,
                unsigned int size, bool write, uint64_t *val)
{
    int rc = write ? h->write(v, addr, size, *val & ones(size), h->data)
                   : h->read(v, addr, size, val, h->data);

    if (!write && rc == IO_OK)
        *val &= ones(size);
    return rc;
}

/* --- ports ------------------------------------------------------------------------- */

static bool direct(struct domain *d, uint16_t port, unsigned int size)
{
    return port + size <= 0x10000 && !find(d, false, port, size, true) &&
           rangeset_contains(&d->arch.ioport_caps, port, port + size - 1ul);
}

bool hvm_port_direct(struct domain *d, uint16_t port)
{
    return direct(d, port, 1);
}

static void host_port(uint16_t port, unsigned int size, bool write, uint64_t *val)
{
    if (write) {
        if (size == 1)
            outb((uint8_t)*val, port);
        else if (size == 2)
            outw((uint16_t)*val, port);
        else
            outl((uint32_t)*val, port);
        return;
    }
    *val = size == 1 ? inb(port) : size == 2 ? inw(port) : inl(port);
}

int hvm_port_io(struct vcpu *v, uint16_t port, unsigned int size, bool write,
                uint64_t *val)
{
    struct hvm_io_handler *h = find(v->domain, false, port, size, false);
    int rc = IO_UNHANDLED;

    if (h) {
        rc = call(v, h, port, size, write, val);
    } else if (direct(v->domain, port, size)) {
        host_port(port, size, write, val);
        rc = IO_OK;
    } else {
        gprintk(XENLOG_DEBUG, "port %#x: nobody answers\n", port);
    }
    if (rc == IO_UNHANDLED && !write)
        *val = ones(size);
    return rc;
}

/* --- memory ------------------------------------------------------------------------ */

int hvm_mmio(struct vcpu *v, paddr_t gpa, unsigned int size, bool write, uint64_t *val)
{
    struct hvm_io_handler *h;
    int rc = IO_UNHANDLED;

    if (vlapic_mmio_claims(v, gpa)) {
        rc = write ? vlapic_mmio_write(v, gpa, size, *val & ones(size))
                   : vlapic_mmio_read(v, gpa, size, val);
    } else {
        h = find(v->domain, true, gpa, size, false);
        if (h)
            rc = call(v, h, gpa, size, write, val);
        else
            rc = vpci_mmio(v->domain, gpa, size, write, val);
    }
    if (rc == IO_UNHANDLED && !write)
        *val = ones(size);
    return rc;
}

bool hvm_mmio_claimed(struct vcpu *v, paddr_t gpa)
{
    return vlapic_mmio_claims(v, gpa) || find(v->domain, true, gpa, 1, true) ||
           vpci_mmio_claims(v->domain, gpa);
}
