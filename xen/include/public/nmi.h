/* SPDX-License-Identifier: MIT */
#ifndef XEN_PUBLIC_NMI_H
#define XEN_PUBLIC_NMI_H

#include "xen.h"

/* arch_shared_info.nmi_reason */
#define _XEN_NMIREASON_io_error 0
#define _XEN_NMIREASON_pci_serr 1
#define _XEN_NMIREASON_unknown  2
#define XEN_NMIREASON_io_error  (1UL << _XEN_NMIREASON_io_error)
#define XEN_NMIREASON_pci_serr  (1UL << _XEN_NMIREASON_pci_serr)
#define XEN_NMIREASON_unknown   (1UL << _XEN_NMIREASON_unknown)

/* nmi_op(cmd, arg) */
#define XENNMI_register_callback   0
#define XENNMI_unregister_callback 1

#ifndef __ASSEMBLY__

struct xennmi_callback {
    unsigned long handler_address;
    unsigned long pad;
};
XEN_ABI_TYPE(xennmi_callback);

#endif

#endif
