TESTS += pt
pt_SRCS := arch/x86/mm/pt.c arch/x86/mm/pt_range.c arch/x86/mm/pt_fmt_x86.c \
           arch/x86/mm/pt_fmt_ept.c arch/x86/mm/pt_fmt_amdvi.c arch/x86/mm/pt_fmt_vtd.c
pt_EXTRA := pt_fake.c
