"""The tuning catalogue in the running system: every row is applied and read back: only what is effective counts.

`table` reads the rows that the image was built with, `apply` walks them: files by `files`, what takes more than one
write by `actions`, `held` and `nic`, the trader's own by `trader`. `readback` is how a value is proved.
"""
