"""What can go wrong while the initramfs is put together."""


class RootfsError(Exception):
    """Base of all errors of this package; the text names the file and the value."""


class MissingLibraryError(RootfsError):
    """A shared object that an ELF file needs is nowhere in the library folders."""


class MissingModuleError(RootfsError):
    """The program imports a module that is not in the image."""
