/* SPDX-License-Identifier: MIT */
#ifndef XEN_PUBLIC_ARCH_X86_GUEST_ACPI_H
#define XEN_PUBLIC_ARCH_X86_GUEST_ACPI_H

/* One bit a vCPU, set while it is online; read by the guest's AML. */
#define XEN_ACPI_CPU_MAP            0xaf00
#define XEN_ACPI_CPU_MAP_LEN        ((HVM_MAX_VCPUS + 7) / 8)
#define XEN_ACPI_GPE0_CPUHP_BIT     2

#endif
