"""What goes into the initramfs, and why: closures of ELF files and Python modules, packed deterministically."""
