/* SPDX-License-Identifier: GPL-2.0-only */
/* Fixed hardware (ACPI 6.4, section 5.2.9): power, reset, PM timer. */
#include "bytes.h"

#define FADT_V1_LEN         116U
#define FLAG_TMR_VAL_EXT    (1U << 8)
#define FLAG_RESET_REG      (1U << 10)
#define FLAG_HW_REDUCED     (1U << 20)
#define BOOT_LEGACY         1U
#define BOOT_NO_CMOS        (1U << 5)

/* Generic address structure: space, width in bits, offset, access size, address. */
static struct acpi_reg read_gas(struct acpi_bytes t, uint32_t off)
{
    struct acpi_reg reg = { 0 };

    if (bytes_have(t, off, 12)) {
        reg.space = get8(t, off);
        reg.bits = get8(t, off + 1);
        reg.addr = get64(t, off + 4);
    }
    return reg;
}

/*
 * A block has an old 32-bit port with a length in bytes and perhaps an extended
 * address. The extended one counts if it is filled in and plausible.
 */
static struct acpi_reg read_block(struct acpi_bytes t, uint32_t port_off,
                                  uint32_t len_off, uint32_t gas_off)
{
    struct acpi_reg reg = read_gas(t, gas_off);
    uint32_t port = get32(t, port_off), len = get8(t, len_off);

    if (reg.addr && (reg.space == ACPI_SPACE_MEM ||
                     (reg.space == ACPI_SPACE_IO && reg.addr <= 0xffff))) {
        if (reg.bits == 0)
            reg.bits = (uint8_t)(len * 8);
        if (reg.bits)
            return reg;
    }
    reg = (struct acpi_reg){ 0 };
    if (port && port <= 0xffff && len && len <= 8) {
        reg.space = ACPI_SPACE_IO;
        reg.bits = (uint8_t)(len * 8);
        reg.addr = port;
    }
    return reg;
}

static void read_reset(struct acpi_bytes t, struct acpi_fadt *out)
{
    struct acpi_reg reg = read_gas(t, 116);

    if (!(out->flags & FLAG_RESET_REG) || t.len < 129 || reg.addr == 0)
        return;
    /* The register is a byte wide by definition; some firmware leaves the width 0. */
    reg.bits = 8;
    if (reg.space > ACPI_SPACE_PCI ||
        (reg.space == ACPI_SPACE_IO && reg.addr > 0xffff))
        return;
    out->reset = reg;
    out->reset_value = get8(t, 128);
}

int acpi_parse_fadt(struct acpi_bytes t, struct acpi_fadt *out)
{
    int err = acpi_check_table(t, "FACP");
    uint16_t boot_flags;

    memset(out, 0, sizeof(*out));
    if (err)
        return err;
    t.len = get32(t, 4);
    if (t.len < FADT_V1_LEN)
        return -EINVAL;

    out->facs = get32(t, 36);
    out->dsdt = get32(t, 40);
    if (t.len >= 148) {
        uint64_t x_facs = get64(t, 132), x_dsdt = get64(t, 140);

        out->facs = x_facs ? x_facs : out->facs;
        out->dsdt = x_dsdt ? x_dsdt : out->dsdt;
    }
    out->sci = get16(t, 46);
    if (get32(t, 48) <= 0xffff) {
        out->smi_cmd = get16(t, 48);
        out->acpi_enable = get8(t, 52);
    }
    out->flags = get32(t, 112);
    out->pm_timer_32bit = out->flags & FLAG_TMR_VAL_EXT;
    out->hw_reduced = out->flags & FLAG_HW_REDUCED;

    /* Boot flags mean something from revision 2 on; before, a PC is a PC. */
    boot_flags = get16(t, 109);
    if (get8(t, 8) >= 2) {
        out->no_legacy_devices = !(boot_flags & BOOT_LEGACY);
        out->no_cmos = boot_flags & BOOT_NO_CMOS;
    }
    if (out->hw_reduced) {
        read_reset(t, out);
        return 0;
    }
    out->pm1a_event = read_block(t, 56, 88, 148);
    out->pm1b_event = read_block(t, 60, 88, 160);
    out->pm1a_control = read_block(t, 64, 89, 172);
    out->pm1b_control = read_block(t, 68, 89, 184);
    out->pm_timer = read_block(t, 76, 91, 208);
    read_reset(t, out);
    return 0;
}
