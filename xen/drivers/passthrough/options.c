/* SPDX-License-Identifier: GPL-2.0-only */
/* iommu= : a list of words, each with an optional "no-" or "=<boolean>". */
#include <xen/init.h>
#include <xen/lib.h>
#include <xen/param.h>

#include "private.h"

bool iommu_enabled __ro_after_init;
bool iommu_intremap __ro_after_init = true;
bool iommu_verbose __ro_after_init;
unsigned int iommu_deadline_ms __ro_after_init = 1000;

struct iommu_options iommu_options __ro_after_init = {
    .enable = true, .superpages = true, .qinval = true, .snoop = true,
};

uint_param("iommu_dev_iotlb_timeout", iommu_deadline_ms);

/*
 * A word with a flag sets it. One without is settled: `always` is what it comes to here,
 * and asking for the other thing gets a line that says so.
 */
static const struct word {
    const char *name;
    bool *flag;
    bool always;
    const char *why;
} words[] __initconst = {
    {"force", &iommu_options.required},
    {"required", &iommu_options.required},
    {"verbose", &iommu_verbose},
    {"debug", &iommu_verbose},
    {"intremap", &iommu_intremap},
    {"qinval", &iommu_options.qinval},
    {"superpages", &iommu_options.superpages},
    {"snoop", &iommu_options.snoop},
    {"sharept", NULL, false, "tables are never shared with the processor's"},
    {"dom0-strict", NULL, true, "domain 0 reaches what it owns, no more"},
    {"dom0-passthrough", NULL, false, "domain 0 reaches what it owns, no more"},
    {"passthrough", NULL, false, "domain 0 reaches what it owns, no more"},
    {"quarantine", NULL, true, "a device without a domain is always blocked"},
    {"intpost", NULL, false, "posted interrupts are not supported"},
    {"igfx", NULL, true, "no unit is left out for graphics"},
    {"crash-disable", NULL, false, "units stay on when the machine stops"},
};

static void __init set_word(const struct word *w, bool value)
{
    if (w->flag)
        *w->flag = value;
    else if (value != w->always)
        printk(XENLOG_WARNING "iommu: %s%s is not followed: %s\n", value ? "" : "no-",
               w->name, w->why);
}

static int __init parse_word(const char *s, const char *end)
{
    const char *name;
    size_t len;
    int value = parse_bool(s, end);

    if (value >= 0) {
        iommu_options.enable = value;
        return 0;
    }
    value = parse_named_bool(s, end, &name, &len);
    /* quarantine= also takes a kind of page. */
    if (value < 0 && strncmp(s, "quarantine=", 11))
        return -EINVAL;
    for (unsigned int i = 0; i < ARRAY_SIZE(words); i++) {
        if (strlen(words[i].name) == len && strncmp(words[i].name, name, len) == 0) {
            set_word(&words[i], value != 0);
            return 0;
        }
    }
    return -EINVAL;
}

static int __init parse_iommu(const char *value)
{
    return parse_words(value, parse_word);
}
custom_param("iommu", iommu, parse_iommu);
