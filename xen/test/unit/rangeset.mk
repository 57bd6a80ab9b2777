TESTS += rangeset
rangeset_SRCS := common/rangeset.c
