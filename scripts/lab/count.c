/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A TCG plugin that counts the instructions a machine executes, into a file that the
 * lab reads while the machine runs: -plugin count.so,out=PATH. The declarations are
 * those of plugin API version 1 (QEMU 7.2), whose header Debian does not package.
 *
 * A program in the machine can have the count taken at one instruction of its own, a long
 * NOP with a tag as displacement (bench/tick.c). The file is struct counts.
 */
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))
#define INLINE_ADD_U64 0
#define CB_NO_REGS     0
#define TICK_TAG       0x6c616200u
#define TICK_NUMBERS   16u
#define TICKS          500u

struct qemu_plugin_tb;
struct qemu_plugin_insn;
typedef void (*executed_fn)(unsigned int cpu, void *data);
typedef void (*translated_fn)(uint64_t id, struct qemu_plugin_tb *tb);
void qemu_plugin_register_vcpu_tb_trans_cb(uint64_t id, translated_fn fn);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb,
                                                 size_t i);
const void *qemu_plugin_insn_data(const struct qemu_plugin_insn *insn);
size_t qemu_plugin_insn_size(const struct qemu_plugin_insn *insn);
void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *insn, executed_fn fn,
                                            int flags, void *data);
void qemu_plugin_register_vcpu_tb_exec_inline(struct qemu_plugin_tb *tb, int op,
                                              void *ptr, uint64_t imm);

EXPORT int qemu_plugin_version = 1;
EXPORT int qemu_plugin_install(uint64_t id, const void *info, int argc, char **argv);

static struct counts {
    uint64_t executed;
    uint64_t ticks;     /* how many there were; TICKS are kept */
    struct {
        uint64_t number, executed;
    } tick[TICKS];
} *counts;

/* A translated block is counted when it is entered, so up to its end. */
static void ticked(unsigned int cpu, void *number)
{
    uint64_t n = counts->ticks;

    (void)cpu;
    if (n < TICKS) {
        counts->tick[n].number = (uintptr_t)number;
        counts->tick[n].executed = counts->executed;
    }
    counts->ticks = n + 1;
}

static void look_for_tick(struct qemu_plugin_insn *insn)
{
    static const uint8_t long_nop[] = { 0x0f, 0x1f, 0x80 };
    const uint8_t *code = qemu_plugin_insn_data(insn);
    uint32_t tag;

    if (qemu_plugin_insn_size(insn) != sizeof(long_nop) + sizeof(tag) ||
        memcmp(code, long_nop, sizeof(long_nop)))
        return;
    memcpy(&tag, code + sizeof(long_nop), sizeof(tag));
    if (tag - TICK_TAG < TICK_NUMBERS)
        qemu_plugin_register_vcpu_insn_exec_cb(insn, ticked, CB_NO_REGS,
                                               (void *)(uintptr_t)(tag - TICK_TAG));
}

static void translated(uint64_t id, struct qemu_plugin_tb *tb)
{
    size_t n = qemu_plugin_tb_n_insns(tb);

    (void)id;
    qemu_plugin_register_vcpu_tb_exec_inline(tb, INLINE_ADD_U64, &counts->executed, n);
    for (size_t i = 0; i < n; i++)
        look_for_tick(qemu_plugin_tb_get_insn(tb, i));
}

int qemu_plugin_install(uint64_t id, const void *info, int argc, char **argv)
{
    int fd;

    (void)info;
    if (argc != 1 || strncmp(argv[0], "out=", 4))
        return -1;
    fd = open(argv[0] + 4, O_RDWR | O_CREAT, 0644);
    if (fd < 0 || ftruncate(fd, sizeof(*counts)))
        return -1;
    counts = mmap(NULL, sizeof(*counts), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    if (counts == MAP_FAILED)
        return -1;
    qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
    return 0;
}
