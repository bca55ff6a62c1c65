"""The other end of a guest's network card, in lockstep: one tick, its order, the next tick. Guests may count
instructions (`-icount shift=0`), and may boot any kernel."""
