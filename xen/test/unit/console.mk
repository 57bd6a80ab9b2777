TESTS += console
console_SRCS := common/console_ring.c common/ratelimit.c
