TESTS += hvm_event
hvm_event_SRCS := arch/x86/hvm/event.c
hvm_event_EXTRA :=
