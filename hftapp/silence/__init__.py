"""Proof of silence: while it trades, the trader makes no system call, allocates nothing on its path, faults on no page.

`calls` and `bpf` say what is allowed, `seccomp` lets the kernel enforce it, `trap` remembers what was tried; `heap`
sees to it that nothing has to be asked for; `begin` puts it all in force; `counted` are the figures, `watch` and
`interrupts` the supervisor's side.
"""
