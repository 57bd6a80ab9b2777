TESTS += domain_pages
domain_pages_SRCS := $(addprefix common/mem/,domain_pages.c heap.c alloc.c charge.c)
domain_pages_EXTRA := fake_ram.c fake_core.c
