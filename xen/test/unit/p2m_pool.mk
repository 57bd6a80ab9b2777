TESTS += p2m_pool
p2m_pool_SRCS = $(p2m_SRCS)
p2m_pool_EXTRA := p2m_world.c fake_ram.c fake_core.c
p2m_pool_CFLAGS := -I$(X)/arch/x86/mm/p2m
p2m_pool_LIBS := -Wl,--wrap=page_put
