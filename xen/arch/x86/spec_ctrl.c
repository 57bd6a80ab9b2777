/* SPDX-License-Identifier: GPL-2.0-only */
/* See asm/spec_ctrl.h. */
#include <xen/domain.h>
#include <xen/init.h>
#include <xen/lib.h>
#include <xen/param.h>
#include <xen/percpu.h>
#include <asm/cpu.h>
#include <asm/cpu_policy.h>
#include <asm/cpufeature.h>
#include <asm/msr.h>
#include <asm/spec_ctrl.h>

uint8_t spec_exit __ro_after_init;
static bool ibpb_on_switch __ro_after_init, auto_ibrs __ro_after_init;

/* The vCPU that was in the guest on this CPU last; 0: none. */
static DEFINE_PER_CPU(uint64_t, last_vcpu);

/* ASK_CPU: on where the CPU needs it. */
enum choice { OFF, ON, ASK_CPU };

static enum choice opt_rsb __initdata = ON, opt_ibpb __initdata = ON,
                           opt_ibrs __initdata = ON, opt_ibpb_entry __initdata = ASK_CPU;

static const struct word {
    const char *name;
    enum choice *option;
} words[] __initconst = {
    {"rsb", &opt_rsb},
    {"ibpb", &opt_ibpb},
    {"ibrs", &opt_ibrs},
    {"ibpb-entry", &opt_ibpb_entry},
};

/* "no" or "yes" is all of them; "yes" leaves to the CPU what is the CPU's to say. */
static void __init set_all(bool on)
{
    opt_rsb = opt_ibpb = opt_ibrs = on ? ON : OFF;
    opt_ibpb_entry = on ? ASK_CPU : OFF;
}

static int __init parse_word(const char *s, const char *end)
{
    const char *name;
    size_t len;
    int value = parse_bool(s, end);

    if (value >= 0) {
        set_all(value);
        return 0;
    }
    value = parse_named_bool(s, end, &name, &len);
    if (value < 0)
        return value;
    for (unsigned int i = 0; i < ARRAY_SIZE(words); i++) {
        if (strlen(words[i].name) == len && !strncmp(words[i].name, name, len)) {
            *words[i].option = value ? ON : OFF;
            return 0;
        }
    }
    return -EINVAL;
}

static int __init parse_spec_ctrl(const char *value)
{
    return parse_words(value, parse_word);
}
custom_param("spec-ctrl", spec_ctrl, parse_spec_ctrl);

/*
 * Branch type confusion (AMD-SB-1037): any branch can be taken for a RET, so that thunks
 * do not help. Zen to Zen 2, and Hygon's.
 */
static bool __init confuses_branch_types(void)
{
    uint32_t sig = cpu_policy_host.basic[1].a, family = (sig >> 8) & 0xf;

    if (family == 0xf)
        family += (sig >> 20) & 0xff;
    return (family == 0x17 || family == 0x18) && !cpu_has(X86_FEATURE_BTC_NO);
}

static const char *__init state(bool in_force, bool possible)
{
    return in_force ? "yes" : possible ? "no" : "no (CPU cannot)";
}

void __init spec_ctrl_init(void)
{
    bool ibpb = cpu_has(X86_FEATURE_IBPB), ibrs = cpu_has(X86_FEATURE_AUTO_IBRS);
    bool confused = confuses_branch_types();
    bool on_exit = opt_ibpb_entry == ASK_CPU ? confused : opt_ibpb_entry == ON;

    ibpb_on_switch = ibpb && opt_ibpb == ON;
    auto_ibrs = ibrs && opt_ibrs == ON;
    spec_exit =
        (opt_rsb == ON ? SPEC_EXIT_RSB : 0) | (ibpb && on_exit ? SPEC_EXIT_IBPB : 0);

    printk(XENLOG_INFO "Speculation: thunks yes, return stack filled %s\n",
           state(spec_exit & SPEC_EXIT_RSB, true));
    printk(XENLOG_INFO "Speculation: IBPB between vCPUs %s, at exits %s, AutoIBRS %s\n",
           state(ibpb_on_switch, ibpb), state(spec_exit & SPEC_EXIT_IBPB, ibpb),
           state(auto_ibrs, ibrs));
    if (confused && !(spec_exit & SPEC_EXIT_IBPB))
        printk(XENLOG_WARNING "Speculation: guests can steer this CPU's branches "
                              "(branch type confusion)\n");
}

void spec_ctrl_cpu_init(void)
{
    if (auto_ibrs)
        wrmsr(MSR_EFER, rdmsr(MSR_EFER) | EFER_AIBRSE);
}

void spec_ctrl_vcpu_init(struct vcpu *v)
{
    static uint64_t last;

    v->arch.spec_id = __atomic_add_fetch(&last, 1, __ATOMIC_RELAXED);
}

void spec_ctrl_switch_in(const struct vcpu *v)
{
    if (this_cpu(last_vcpu) == v->arch.spec_id)
        return;
    /* Who was here first on this CPU finds what boot or firmware did, no guest's. */
    if (ibpb_on_switch && this_cpu(last_vcpu))
        wrmsr(MSR_PRED_CMD, PRED_CMD_IBPB);
    this_cpu(last_vcpu) = v->arch.spec_id;
}
