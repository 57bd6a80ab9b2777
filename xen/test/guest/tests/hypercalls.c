/* SPDX-License-Identifier: GPL-2.0-only */
/* The table of calls, multicall and its continuations, version, parameters, refusals. */
#include <public/errno.h>
#include <public/hvm/params.h>
#include <public/hypfs.h>
#include <public/memory.h>
#include <public/platform.h>
#include <public/sched.h>
#include <public/vcpu.h>
#include <public/version.h>
#include "../guest.h"

#define NOWHERE ((void *)0x7fff00000000)

TEST(numbers)
{
    static const unsigned char pv_only[] = {0, 2, 3, 4, 5, 8, 9, 10, 14, 22, 25};

    for (unsigned int i = 0; i < sizeof(pv_only); i++)
        CHECK_EQ(HC2(pv_only[i], 0, 0), -XEN_ENOSYS);
    CHECK_EQ(HC2(11, 0, 0), -XEN_ENOSYS);
    CHECK_EQ(HC2(43, 0, 0), -XEN_ENOSYS);
    CHECK_EQ(HC2(1000, 0, 0), -XEN_ENOSYS);
    CHECK_EQ(HC2(0xffffffff, 0, 0), -XEN_ENOSYS);
    CHECK_EQ(HC2(__HYPERVISOR_xsm_op, 0, 0), -XEN_ENOSYS);
    CHECK_EQ(HC2(__HYPERVISOR_arch_0, 0, 0), -XEN_ENOSYS);
    CHECK_EQ(HC2(__HYPERVISOR_sched_op, 99, 0), -XEN_ENOSYS);
    CHECK_EQ(HC2(__HYPERVISOR_vcpu_op, 99, 0), -XEN_ENOSYS);
    CHECK_EQ(HC2(__HYPERVISOR_vcpu_op, VCPUOP_is_up, 100000), -XEN_ENOENT);
    CHECK_EQ(HC2(__HYPERVISOR_vm_assist, 0, 0), -XEN_EINVAL);
    CHECK_EQ(HC2(__HYPERVISOR_vm_assist, 7, 5), -XEN_ENOSYS);
    CHECK_EQ(HC2(__HYPERVISOR_vm_assist, VMASST_CMD_enable, 5), 0);
}

static bool is_text(const char *s, size_t room)
{
    size_t n = 0;

    while (n < room && s[n])
        n++;
    if (n == room || !n)
        return false;
    while (n < room)
        if (s[n++])
            return false;
    return true;
}

static bool contains(const char *text, const char *word)
{
    for (size_t n = strlen(word); strlen(text) >= n; text++)
        if (!memcmp(text, word, n))
            return true;
    return false;
}

TEST(version)
{
    static xen_capabilities_info_t caps;
    static xen_commandline_t line;
    static struct xen_compile_info info;
    struct xen_feature_info f = {.submap_idx = 0};
    struct xen_platform_parameters pp;
    unsigned char handle[17];

    CHECK_EQ(HC2(__HYPERVISOR_xen_version, XENVER_version, 0), 4 << 16 | 17);
    CHECK_EQ(HC2(__HYPERVISOR_xen_version, XENVER_pagesize, 0), 4096);
    CHECK_EQ(HC2(__HYPERVISOR_xen_version, XENVER_pagesize, &f), -XEN_EINVAL);
    memset(caps, 0xff, sizeof(caps));
    CHECK_EQ(HC2(__HYPERVISOR_xen_version, XENVER_capabilities, caps), 0);
    CHECK(is_text(caps, sizeof(caps)));
    CHECK(contains(caps, "hvm-3.0-x86_64 "));
    memset(line, 0xff, sizeof(line));
    CHECK_EQ(HC2(__HYPERVISOR_xen_version, XENVER_commandline, line), 0);
    CHECK(is_text(line, sizeof(line)));
    CHECK_EQ(HC2(__HYPERVISOR_xen_version, XENVER_compile_info, &info), 0);
    CHECK(is_text(info.compiler, sizeof(info.compiler)));
    CHECK_EQ(HC2(__HYPERVISOR_xen_version, XENVER_platform_parameters, &pp), 0);
    CHECK_EQ(pp.virt_start, 0xffff800000000000);
    CHECK_EQ(HC2(__HYPERVISOR_xen_version, XENVER_get_features, &f), 0);
    CHECK(f.submap & (1u << XENFEAT_auto_translated_physmap));
    CHECK(f.submap & (1u << XENFEAT_dom0));
    f.submap_idx = 1;
    CHECK_EQ(HC2(__HYPERVISOR_xen_version, XENVER_get_features, &f), -XEN_EINVAL);
    handle[16] = 0x5a;
    CHECK_EQ(HC2(__HYPERVISOR_xen_version, XENVER_guest_handle, handle), 0);
    CHECK_EQ(handle[16], 0x5a);
    CHECK_EQ(HC2(__HYPERVISOR_xen_version, XENVER_capabilities, NOWHERE), -XEN_EFAULT);
    CHECK_EQ(HC2(__HYPERVISOR_xen_version, 77, 0), -XEN_ENOSYS);
}

TEST(multicall)
{
    static struct multicall_entry list[300];
    long rc;

    for (unsigned int i = 0; i < 300; i++) {
        list[i].op = __HYPERVISOR_xen_version;
        list[i].result = 99;
        list[i].args[0] = i % 2 ? XENVER_version : 77;
        list[i].args[1] = 0;
    }
    list[5].op = __HYPERVISOR_multicall;
    list[6].op = 1ul << 40;
    CHECK_EQ(HC2(__HYPERVISOR_multicall, list, 300), 0);
    for (unsigned int i = 0; i < 300; i++) {
        rc = i == 5 ? -XEN_EINVAL
                    : i == 6 ? -XEN_ENOSYS : i % 2 ? 4 << 16 | 17 : -XEN_ENOSYS;
        CHECK_EQ(list[i].result, rc);
    }
    CHECK_EQ(HC2(__HYPERVISOR_multicall, NOWHERE, 1), -XEN_EFAULT);
    CHECK_EQ(HC2(__HYPERVISOR_multicall, 0, 0), 0);
}

/* A call so long that it is preempted, alone and inside a multicall. */
TEST(continuations)
{
    static struct multicall_entry list[3];
    static unsigned long gfns[2000];
    struct xen_memory_reservation r = {.nr_extents = 2000, .domid = DOMID_SELF};

    for (unsigned int i = 0; i < 2000; i++)
        gfns[i] = 0x300000 + i;
    set_xen_guest_handle(r.extent_start, gfns);
    CHECK_EQ(HC2(__HYPERVISOR_memory_op, XENMEM_populate_physmap, &r), 2000);
    CHECK_EQ(HC2(__HYPERVISOR_memory_op, XENMEM_decrease_reservation, &r), 2000);
    for (unsigned int i = 0; i < 3; i++) {
        list[i].op = __HYPERVISOR_memory_op;
        list[i].args[0] = i == 1 ? XENMEM_decrease_reservation : XENMEM_populate_physmap;
        list[i].args[1] = (unsigned long)&r;
    }
    CHECK_EQ(HC2(__HYPERVISOR_multicall, list, 3), 0);
    for (unsigned int i = 0; i < 3; i++)
        CHECK_EQ(list[i].result, 2000);
    CHECK_EQ(HC2(__HYPERVISOR_memory_op, XENMEM_decrease_reservation, &r), 2000);
}

static long param(unsigned int op, unsigned int index, uint64_t *value)
{
    struct xen_hvm_param p = {.domid = DOMID_SELF, .index = index, .value = *value};
    long rc = HC2(__HYPERVISOR_hvm_op, op, &p);

    *value = p.value;
    return rc;
}

TEST(params)
{
    uint64_t v = 0x12345;
    struct xen_hvm_param other = {.domid = 77, .index = HVM_PARAM_STORE_PFN};
    struct xen_hvm_evtchn_upcall_vector vec = {.vcpu = 0, .vector = 0xf};

    CHECK_EQ(param(HVMOP_set_param, HVM_PARAM_STORE_PFN, &v), -XEN_EPERM);
    CHECK_EQ(param(HVMOP_get_param, HVM_PARAM_IOREQ_PFN, &v), -XEN_EPERM);
    CHECK_EQ(param(HVMOP_set_param, HVM_PARAM_VM_GENERATION_ID_ADDR, &v), 0);
    v = 0;
    CHECK_EQ(param(HVMOP_get_param, HVM_PARAM_VM_GENERATION_ID_ADDR, &v), 0);
    CHECK_EQ(v, 0x12345);
    CHECK_EQ(param(HVMOP_get_param, 3, &v), -XEN_EPERM);
    CHECK_EQ(param(HVMOP_get_param, HVM_NR_PARAMS, &v), -XEN_EINVAL);
    CHECK_EQ(param(HVMOP_set_param, ~0u, &v), -XEN_EINVAL);
    CHECK_EQ(HC2(__HYPERVISOR_hvm_op, HVMOP_get_param, &other), -XEN_ESRCH);
    CHECK_EQ(HC2(__HYPERVISOR_hvm_op, HVMOP_get_param, NOWHERE), -XEN_EFAULT);
    CHECK_EQ(HC2(__HYPERVISOR_hvm_op, HVMOP_pagetable_dying, &other), -XEN_EINVAL);
    CHECK_EQ(HC2(__HYPERVISOR_hvm_op, HVMOP_flush_tlbs, 0), 0);
    CHECK_EQ(HC2(__HYPERVISOR_hvm_op, HVMOP_flush_tlbs, &other), -XEN_EINVAL);
    CHECK_EQ(HC2(__HYPERVISOR_hvm_op, HVMOP_set_evtchn_upcall_vector, &vec), -XEN_EINVAL);
    CHECK_EQ(HC2(__HYPERVISOR_hvm_op, 1000, &vec), -XEN_ENOSYS);
}

TEST(platform)
{
    static struct xen_platform_op op;
    uint32_t version;

    op.cmd = XENPF_get_cpuinfo;
    op.interface_version = XENPF_INTERFACE_VERSION + 1;
    CHECK_EQ(HC2(__HYPERVISOR_platform_op, &op, 0), -XEN_EACCES);
    op.interface_version = XENPF_INTERFACE_VERSION;
    op.u.pcpu_info.xen_cpuid = 0;
    CHECK_EQ(HC2(__HYPERVISOR_platform_op, &op, 0), 0);
    CHECK_EQ(op.u.pcpu_info.flags, XEN_PCPU_FLAGS_ONLINE);
    op.u.pcpu_info.xen_cpuid = 100000;
    CHECK_EQ(HC2(__HYPERVISOR_platform_op, &op, 0), 0);
    CHECK_EQ(op.u.pcpu_info.flags, XEN_PCPU_FLAGS_INVALID);

    /* The wall clock that everyone sees is the one we set. */
    op.cmd = XENPF_settime64;
    op.u.settime64.secs = 2000000000;
    op.u.settime64.nsecs = 5;
    op.u.settime64.mbz = 1;
    op.u.settime64.system_time = 0;
    CHECK_EQ(HC2(__HYPERVISOR_platform_op, &op, 0), -XEN_EINVAL);
    op.u.settime64.mbz = 0;
    version = shared_info()->wc_version;
    CHECK_EQ(HC2(__HYPERVISOR_platform_op, &op, 0), 0);
    CHECK(shared_info()->wc_version != version);
    CHECK_EQ(shared_info()->wc_sec, 2000000000);
    CHECK_EQ(shared_info()->wc_nsec, 5);
    op.cmd = XENPF_firmware_info;
    op.u.firmware_info.type = XEN_FW_EFI_INFO;
    CHECK_EQ(HC2(__HYPERVISOR_platform_op, &op, 0), -XEN_ENOSYS);
}

static long hypfs_read(const char *path, void *to, unsigned long room)
{
    return HC(__HYPERVISOR_hypfs_op, XEN_HYPFS_OP_read, path, strlen(path) + 1, to, room);
}

TEST(hypfs)
{
    static struct { struct xen_hypfs_direntry e; char content[500]; } b;

    CHECK_EQ(HC(__HYPERVISOR_hypfs_op, XEN_HYPFS_OP_get_version, 0, 0, 0, 0), 1);
    CHECK_EQ(hypfs_read("/nothing", &b, sizeof(b)), -XEN_ENOENT);
    CHECK_EQ(hypfs_read("buildinfo", &b, sizeof(b)), -XEN_EINVAL);
    CHECK_EQ(hypfs_read("/buildinfo/version/major", &b, sizeof(b.e)), -XEN_ENOBUFS);
    CHECK_EQ(b.e.content_len, 4);
    CHECK_EQ(hypfs_read("/buildinfo/version/major", &b, sizeof(b)), 0);
    CHECK_EQ(b.e.type, XEN_HYPFS_TYPE_UINT);
    CHECK_EQ(b.content[0], 4);
    CHECK_EQ(hypfs_read("/", &b, sizeof(b)), 0);
    CHECK_EQ(b.e.type, XEN_HYPFS_TYPE_DIR);
    CHECK(!memcmp(b.content + offsetof(struct xen_hypfs_dirlistentry, name), "buildinfo",
                  10));
}

TEST(areas)
{
    static struct vcpu_runstate_info rs;
    struct vcpu_register_runstate_memory_area area;
    struct vcpu_register_vcpu_info vi = {.mfn = 0x7ffffff, .offset = 0};
    struct vcpu_set_singleshot_timer t = {.timeout_abs_ns = 1,
                                          .flags = 0};
    struct vcpu_set_periodic_timer p = {.period_ns = 10};

    area.addr.v = &rs;
    CHECK_EQ(
        HC(__HYPERVISOR_vcpu_op, VCPUOP_register_runstate_memory_area, 0, &area, 0, 0),
        0);
    CHECK_EQ(rs.state, RUNSTATE_running);
    CHECK(rs.state_entry_time != 0);
    CHECK_EQ(HC(__HYPERVISOR_vcpu_op, VCPUOP_register_vcpu_info, 0, &vi, 0, 0),
             -XEN_EINVAL);
    vi.offset = 4090;
    CHECK_EQ(HC(__HYPERVISOR_vcpu_op, VCPUOP_register_vcpu_info, 0, &vi, 0, 0),
             -XEN_ENXIO);
    CHECK_EQ(HC(__HYPERVISOR_vcpu_op, VCPUOP_set_singleshot_timer, 0, &t, 0, 0), 0);
    CHECK_EQ(HC(__HYPERVISOR_vcpu_op, VCPUOP_set_periodic_timer, 0, &p, 0, 0),
             -XEN_EINVAL);
    area.addr.v = (void *)0x8000000000000000;
    CHECK_EQ(
        HC(__HYPERVISOR_vcpu_op, VCPUOP_register_runstate_memory_area, 0, &area, 0, 0),
        -XEN_EFAULT);
}
