/* SPDX-License-Identifier: GPL-2.0-only */
/* Guest pages that the hypervisor keeps writing to: event words, vcpu_info. */
#include <asm/p2m.h>

#include "private.h"

void *guest_page_pin(struct domain *d, gfn_t gfn)
{
    struct page_info *pg = p2m_get_page(d, gfn, NULL, P2M_GET_WRITE | P2M_GET_OWN);
    bool ok;

    if (!pg)
        return ERR_PTR(-EINVAL);
    ok = page_get_type(pg, d, PGT_WRITABLE);
    page_put(pg);
    return ok ? page_to_virt(pg) : ERR_PTR(-EINVAL);
}

void guest_page_unpin(void *va)
{
    page_put_type(virt_to_page(va));
}
