/* SPDX-License-Identifier: GPL-2.0-only */
/* xen_version: who we say we are. */
#include <xen/config.h>
#include <xen/domain.h>
#include <xen/guest_access.h>
#include <xen/hypercall.h>
#include <xen/lib.h>
#include <xen/param.h>
#include <asm/current.h>
#include <asm/hvm.h>
#include <generated/version.h>
#include <public/version.h>

/* The text and zeros behind it, to fill the ABI's array of size bytes; 0 or -EFAULT. */
static long answer_text(uint64_t to, const char *text, size_t size)
{
    size_t len = MIN(strlen(text), size - 1);

    if (copy_to_guest_va(to, text, len))
        return -EFAULT;
    return clear_guest_va(to + len, size - len);
}

static long compile_info(uint64_t to)
{
    struct xen_compile_info info = {{0}, {0}, {0}, {0}};

    str_copy(info.compiler, XEN_COMPILER, sizeof(info.compiler));
    str_copy(info.compile_by, XEN_COMPILE_BY, sizeof(info.compile_by));
    str_copy(info.compile_domain, XEN_COMPILE_DOMAIN, sizeof(info.compile_domain));
    str_copy(info.compile_date, XEN_COMPILE_DATE, sizeof(info.compile_date));
    return arg_write(to, &info);
}

/* Guest types, in the words that toolstacks look for. */
static long capabilities(uint64_t to)
{
    static const char hvm_types[] = "hvm-3.0-x86_32 hvm-3.0-x86_32p hvm-3.0-x86_64 ";

    return answer_text(to, hvm ? hvm_types : "", sizeof(xen_capabilities_info_t));
}

/* All domains are hardware assisted and translated. */
static uint32_t features(const struct domain *d)
{
    static const uint8_t always[] = {
        XENFEAT_writable_page_tables, XENFEAT_auto_translated_physmap,
        XENFEAT_hvm_callback_vector,  XENFEAT_hvm_safe_pvclock,
        XENFEAT_memory_op_vnode_supported, XENFEAT_linux_rsdp_unrestricted,
        XENFEAT_not_direct_mapped,
    };
    uint32_t map = 0;

    for (size_t i = 0; i < ARRAY_SIZE(always); i++)
        map |= 1U << always[i];
    if (d->is_privileged)
        map |= 1U << XENFEAT_dom0;
    if (d->arch.emulation_flags & XEN_X86_EMU_USE_PIRQ)
        map |= 1U << XENFEAT_hvm_pirqs;
    return map;
}

static long get_features(const struct domain *d, uint64_t arg)
{
    struct xen_feature_info info;

    if (arg_read(&info, arg))
        return -EFAULT;
    if (info.submap_idx >= XENFEAT_NR_SUBMAPS)
        return -EINVAL;
    info.submap = features(d);
    return arg_write_field(arg, &info, submap);
}

long hypercall_xen_version(const unsigned long *a)
{
    const struct domain *d = current->domain;
    struct xen_platform_parameters params = {.virt_start = HYPERVISOR_VIRT_START};
    uint64_t arg = a[1];

    switch ((int)a[0]) {
    case XENVER_version:
        return XEN_MAJOR << 16 | XEN_MINOR;
    case XENVER_extraversion:
        return answer_text(arg, XEN_EXTRAVERSION, sizeof(xen_extraversion_t));
    case XENVER_compile_info:
        return compile_info(arg);
    case XENVER_capabilities:
        return capabilities(arg);
    case XENVER_changeset:
        return answer_text(arg, XEN_CHANGESET, sizeof(xen_changeset_info_t));
    case XENVER_platform_parameters:
        return arg_write(arg, &params);
    case XENVER_get_features:
        return get_features(d, arg);
    case XENVER_pagesize:
        return arg ? -EINVAL : (long)PAGE_SIZE;
    case XENVER_guest_handle:
        return copy_to_guest_va(arg, d->handle, sizeof(d->handle));
    case XENVER_commandline:
        /* It may hold what guests need not know. */
        return answer_text(arg, d->is_privileged ? saved_cmdline : "<denied>",
                           sizeof(xen_commandline_t));
    case XENVER_build_id:
        return d->is_privileged ? -ENODATA : -EPERM; /* the image has no such note */
    default:
        return -ENOSYS;
    }
}
