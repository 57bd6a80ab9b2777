/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * physdev_op: domain 0 says what it found on the PCI buses. Interrupts of devices are not
 * bound here: translated guests use their I/O APIC and the devices' MSI capabilities.
 */
#include <xen/domain.h>
#include <xen/guest_access.h>
#include <xen/hypercall.h>
#include <xen/lib.h>
#include <xen/pci.h>
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

long hypercall_physdev_op(const unsigned long *a)
{
    unsigned int cmd = (unsigned int)a[0];

    /* Guests without physical interrupts learn so from -ENOSYS. */
    if (!current->domain->is_privileged)
        return -ENOSYS;
    switch (cmd) {
    case PHYSDEVOP_pci_mmcfg_reserved:
        return mmcfg_reserved(a[1]);
    case PHYSDEVOP_pci_device_add:
        return device_add(a[1]);
    case PHYSDEVOP_pci_device_remove:
        return device_remove(a[1]);
    case PHYSDEVOP_manage_pci_add:
    case PHYSDEVOP_manage_pci_add_ext:
    case PHYSDEVOP_manage_pci_remove:
        return manage_pci(cmd, a[1]);
    default:
        return -ENOSYS;
    }
}
