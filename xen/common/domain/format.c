/* SPDX-License-Identifier: GPL-2.0-only */
/* Names of domains and vCPUs in log lines (%pd, %pv). */
#include <xen/format.h>

#include "private.h"

static const char *special_name(domid_t id)
{
    switch (id) {
    case DOMID_IDLE:
        return "IDLE";
    case DOMID_IO:
        return "IO";
    case DOMID_XEN:
        return "XEN";
    default:
        return NULL;
    }
}

void format_domain(char *buf, size_t size, const void *p)
{
    const struct domain *d = p;
    const char *name = d ? special_name(d->domain_id) : "NULL";

    if (name)
        snprintf(buf, size, "d[%s]", name);
    else
        snprintf(buf, size, "d%u", d->domain_id);
}

void format_vcpu(char *buf, size_t size, const void *p)
{
    const struct vcpu *v = p;
    char domain[16];

    format_domain(domain, sizeof(domain), v ? v->domain : NULL);
    snprintf(buf, size, "%sv%u", domain, v ? v->vcpu_id : 0);
}
