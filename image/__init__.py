"""From a list of Debian packages and a list of Kconfig symbols to a bootable image."""
