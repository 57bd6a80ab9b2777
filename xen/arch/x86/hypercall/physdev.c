/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * physdev_op: domain 0 says what it found on the PCI buses. Interrupts of devices are not
 * bound here: translated guests use the MSI capabilities of their devices and their I/O
 * APIC, which XEN_DOMCTL_bind_pt_irq wires for domains other than 0.
 */
#define XEN_PUBLIC_LATER    /* PHYSDEVOP_pci_device_reset */

#include <xen/domain.h>
#include <xen/guest_access.h>
#include <xen/hypercall.h>
#include <xen/irq.h>
#include <xen/lib.h>
#include <xen/pci.h>
#include <xen/vpci.h>
#include <asm/current.h>
#include <public/physdev.h>

static sbdf_t sbdf_of(uint16_t seg, uint8_t bus, uint8_t devfn)
{
    return (sbdf_t){(uint32_t)seg << 16 | (uint32_t)bus << 8 | devfn};
}

static long mmcfg_reserved(uint64_t arg)
{
    struct physdev_pci_mmcfg_reserved op;

    if (arg_read(&op, arg))
        return -EFAULT;
    return pci_mmcfg_reserved(op.address, op.segment, op.start_bus, op.end_bus,
                              op.flags & XEN_PCI_MMCFG_RESERVED);
}

static long device_add(uint64_t arg)
{
    struct physdev_pci_device_add op;

    if (copy_from_guest_va(&op, arg, offsetof(struct physdev_pci_device_add, optarr)))
        return -EFAULT;
    if (op.flags & ~(XEN_PCI_DEV_EXTFN | XEN_PCI_DEV_VIRTFN | XEN_PCI_DEV_PXM))
        return -EINVAL;
    return pci_add_device(sbdf_of(op.seg, op.bus, op.devfn));
}

static long device_remove(uint64_t arg)
{
    struct physdev_pci_device op;

    if (arg_read(&op, arg))
        return -EFAULT;
    return pci_remove_device(sbdf_of(op.seg, op.bus, op.devfn));
}

/* Of whatever kind the reset was: all of them leave the device without addresses. */
static long device_reset(uint64_t arg)
{
    struct pci_device_reset op;
    struct pci_dev *pdev;
    long rc;

    if (arg_read(&op, arg))
        return -EFAULT;
    if (op.flags & ~(uint32_t)PCI_DEVICE_RESET_MASK)
        return -EINVAL;
    spin_lock(&pcidevs_lock);
    pdev = pci_find(sbdf_of(op.dev.seg, op.dev.bus, op.dev.devfn));
    rc = pdev ? vpci_device_reset(pdev) : -ENODEV;
    spin_unlock(&pcidevs_lock);
    return rc;
}

/* The calls from before there were segments. */
static long manage_pci(unsigned int cmd, uint64_t arg)
{
    struct physdev_manage_pci op;

    BUILD_BUG_ON(offsetof(struct physdev_manage_pci_ext, devfn) !=
                 offsetof(struct physdev_manage_pci, devfn));
    if (arg_read(&op, arg))
        return -EFAULT;
    return cmd == PHYSDEVOP_manage_pci_remove
               ? pci_remove_device(sbdf_of(0, op.bus, op.devfn))
               : pci_add_device(sbdf_of(0, op.bus, op.devfn));
}

/* [a reference to the domain] */
static struct domain *domain_of(domid_t id)
{
    return domain_get_by_id(id == DOMID_SELF ? current->domain->domain_id : id);
}

static bool may_pass_on(int gsi)
{
    return gsi >= 0 && (unsigned int)gsi < nr_gsis &&
           rangeset_contains(&current->domain->irq_caps, (unsigned int)gsi,
                             (unsigned int)gsi);
}

/* A GSI is its own pirq: the caller learns the number, or that it may not have it. */
static long map_pirq(uint64_t arg)
{
    struct physdev_map_pirq op;
    struct domain *d;

    if (arg_read(&op, arg))
        return -EFAULT;
    if (op.type != MAP_PIRQ_TYPE_GSI)
        return -EOPNOTSUPP;
    if (!may_pass_on(op.index))
        return -EPERM;
    if (op.pirq >= 0 && op.pirq != op.index)
        return -EEXIST;
    d = domain_of(op.domid);
    if (!d)
        return -ESRCH;
    domain_put(d);
    op.pirq = op.index;
    return copy_to_guest_va(arg, &op, sizeof(op)) ? -EFAULT : 0;
}

/* Domain 0 knows from ACPI what no guest that gets the line could say. */
static long setup_gsi(uint64_t arg)
{
    struct physdev_setup_gsi op;
    int rc;

    if (arg_read(&op, arg))
        return -EFAULT;
    if (op.gsi < 0 || (unsigned int)op.gsi >= nr_gsis || op.triggering > 1 ||
        op.polarity > 1)
        return -EINVAL;
    if (!may_pass_on(op.gsi))
        return -EPERM;
    rc = irq_set_gsi_trigger((unsigned int)op.gsi, op.triggering, op.polarity);
    return rc == -EBUSY ? -EEXIST : rc;
}

static long unmap_pirq(uint64_t arg)
{
    struct physdev_unmap_pirq op;
    struct domain *d;

    if (arg_read(&op, arg))
        return -EFAULT;
    if (!may_pass_on(op.pirq))
        return -EPERM;
    d = domain_of(op.domid);
    if (!d)
        return -ESRCH;
    vpci_unbind_gsi(d, (unsigned int)op.pirq);
    domain_put(d);
    return 0;
}

static long dispatch(const unsigned long *a)
{
    unsigned int cmd = (unsigned int)a[0];

    /* Guests without physical interrupts learn so from -ENOSYS. */
    if (!current->domain->is_privileged)
        return -ENOSYS;
    switch (cmd) {
    case PHYSDEVOP_map_pirq:
        return map_pirq(a[1]);
    case PHYSDEVOP_unmap_pirq:
        return unmap_pirq(a[1]);
    case PHYSDEVOP_setup_gsi:
        return setup_gsi(a[1]);
    case PHYSDEVOP_pci_mmcfg_reserved:
        return mmcfg_reserved(a[1]);
    case PHYSDEVOP_pci_device_add:
        return device_add(a[1]);
    case PHYSDEVOP_pci_device_remove:
        return device_remove(a[1]);
    case PHYSDEVOP_pci_device_reset:
        return device_reset(a[1]);
    case PHYSDEVOP_manage_pci_add:
    case PHYSDEVOP_manage_pci_add_ext:
    case PHYSDEVOP_manage_pci_remove:
        return manage_pci(cmd, a[1]);
    default:
        return -ENOSYS;
    }
}

long hypercall_physdev_op(const unsigned long *a)
{
    long rc = dispatch(a);

    return rc == -ERESTART ? hypercall_continue(a) : rc;
}
