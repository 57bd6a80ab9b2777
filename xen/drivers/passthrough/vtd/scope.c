/* SPDX-License-Identifier: GPL-2.0-only */
/* Who is behind which unit (8.3.1): device scopes are paths from a root bus down. */
#include <xen/pci_regs.h>

#include "hw.h"

/* The requester id at the end of the path; false when a bridge on it is not set up. */
static bool resolve(const struct acpi_scope *s, uint16_t segment, uint16_t *rid)
{
    uint8_t bus = s->bus;

    for (unsigned int i = 0; i + 1 < s->hops; i++) {
        sbdf_t bridge = { (uint32_t)segment << 16 | (uint32_t)bus << 8 | s->path[i] };
        uint8_t next = (uint8_t)pci_conf_read(bridge, PCI_SECONDARY_BUS, 1);

        if (next == 0xff || next <= bus)
            return false;
        bus = next;
    }
    *rid = (uint16_t)(bus << 8 | s->path[s->hops - 1]);
    return true;
}

bool vtd_scope_has(const struct acpi_scope *s, uint16_t segment, uint16_t rid)
{
    uint16_t own;
    uint8_t bus = (uint8_t)(rid >> 8);
    sbdf_t bridge;

    if ((s->type != ACPI_SCOPE_ENDPOINT && s->type != ACPI_SCOPE_BRIDGE) ||
        !resolve(s, segment, &own))
        return false;
    if (own == rid || s->type == ACPI_SCOPE_ENDPOINT)
        return own == rid;
    bridge.v = (uint32_t)segment << 16 | own;
    return bus >= pci_conf_read(bridge, PCI_SECONDARY_BUS, 1) &&
           bus <= pci_conf_read(bridge, PCI_SUBORDINATE_BUS, 1);
}

struct vtd_unit *vtd_unit_of(uint16_t segment, uint16_t rid)
{
    struct vtd_unit *rest = NULL;

    for (unsigned int i = 0; i < vtd_nr_units; i++) {
        const struct acpi_drhd *drhd = &vtd_dmar.drhd[i];

        if (drhd->segment != segment)
            continue;
        if (drhd->include_all)
            rest = vtd_units[i];
        for (unsigned int j = 0; j < drhd->scopes; j++) {
            if (vtd_scope_has(&vtd_dmar.scope[drhd->first_scope + j], segment, rid))
                return vtd_units[i];
        }
    }
    return rest;
}

struct vtd_unit *vtd_unit_of_ioapic(uint8_t apic_id, uint16_t *rid)
{
    for (unsigned int i = 0; i < vtd_nr_units; i++) {
        const struct acpi_drhd *drhd = &vtd_dmar.drhd[i];

        for (unsigned int j = 0; j < drhd->scopes; j++) {
            const struct acpi_scope *s = &vtd_dmar.scope[drhd->first_scope + j];

            if (s->type == ACPI_SCOPE_IOAPIC && s->id == apic_id &&
                resolve(s, drhd->segment, rid))
                return vtd_units[i];
        }
    }
    return NULL;
}
