"""What disturbs a CPU, measured from inside: gaps in its time, interrupts by name, and the kernel's own tracers.

`gaps` is the loop that spins on the trading CPU as a trader does, `spinner` its process; `sampler` reads the kernel's
counters from another CPU, `tracers` asks the kernel's tracers, `memory` and `kernel_log` say what the kernel costs and
what it did not understand.
"""
