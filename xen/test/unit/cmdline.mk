TESTS += cmdline
cmdline_SRCS := common/cmdline.c lib/parse.c lib/string.c
