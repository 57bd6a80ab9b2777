TESTS += p2m_mmio
p2m_mmio_SRCS = $(p2m_SRCS)
p2m_mmio_EXTRA := p2m_world.c fake_ram.c fake_core.c
p2m_mmio_CFLAGS := -I$(X)/arch/x86/mm/p2m
p2m_mmio_LIBS := -Wl,--wrap=page_put
