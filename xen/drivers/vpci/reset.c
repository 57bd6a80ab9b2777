/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Domain 0 resets a device of its own. The device then has no addresses and sends no
 * messages; what is kept here must not say otherwise, or what domain 0 writes to bring
 * the device back would look like what is there already and not reach it. The addresses
 * that domain 0 chose last stay: they are written when memory decoding goes on again.
 */
#include <xen/lib.h>

#include "private.h"

static void forget(struct vpci *v)
{
    v->job = VPCI_IDLE;
    vpci_msi_reset(v);
    vpci_msix_reset(v);
    vpci_header_reset(v);
}

int vpci_device_reset(struct pci_dev *pdev)
{
    struct vpci *v = pdev->vpci;

    ASSERT_LOCKED(&pcidevs_lock);
    if (!v || v->read_only || v->leaving)
        return 0;
    if (!v->d->is_privileged)
        return -EBUSY;
    spin_lock(&v->d->arch.vpci_lock);
    forget(v);
    spin_unlock(&v->d->arch.vpci_lock);
    return 0;
}

/* A register with a bit, arg, that starts a function level reset. */
static void control_write(struct vpci *v, const struct vpci_field *f, uint32_t val)
{
    bool reset = val & 1U << f->arg;

    /* What can be much goes first, in steps; then the write comes again. */
    if (reset && v->msix.enabled) {
        vpci_msix_switch_off(v);
    } else if (reset && v->memory_on) {
        vpci_header_switch_off(v);
    } else {
        if (reset)
            forget(v);
        pci_conf_write(v->pdev->sbdf, f->reg, f->size, val);
    }
}

int vpci_reset_init(struct vpci *v)
{
    const uint32_t af = PCI_AF_CAP_PENDING | PCI_AF_CAP_FLR;
    unsigned int pos = v->pdev->pcie_pos;
    sbdf_t s = v->pdev->sbdf;
    int err = 0;

    if (!v->d->is_privileged)
        return 0;
    if (pos && pci_conf_read(s, pos + PCI_EXP_DEVCAP, 4) & PCI_EXP_DEVCAP_FLR)
        err = vpci_add_field(v, pos + PCI_EXP_DEVCTL, 2, PCI_EXP_DEVCTL_FLR_SHIFT,
                             vpci_hw_read, control_write);
    pos = v->pdev->af_pos;
    if (!err && pos && (pci_conf_read(s, pos + PCI_AF_CAP, 1) & af) == af)
        err = vpci_add_field(v, pos + PCI_AF_CONTROL, 1, PCI_AF_CONTROL_FLR_SHIFT,
                             vpci_hw_read, control_write);
    return err;
}
