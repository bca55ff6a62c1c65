"""What can go wrong while an image is built. Every message names the value and the remedy."""


class ImageError(Exception):
    """Base of all errors of this package; the command line prints its text and exits 1."""


class ProfileError(ImageError):
    """A profile or fragment in `kernel-config/` is malformed or contradicts another."""


class ConfigRefusedError(ImageError):
    """Requested Kconfig symbols that did not take effect, each with the reason."""


class BuildRootError(ImageError):
    """The build root cannot be made or entered on this machine."""


class MicrocodeError(ImageError):
    """What was given as microcode is none, or is damaged."""


class LockedVersionError(ImageError):
    """`--locked` was asked for and the mirror no longer has the locked versions."""


class CommandFailedError(ImageError):
    """A tool in the build root failed; the text ends with the last lines it printed."""


class ModuleRefusedError(ImageError):
    """A module of the program that does not compile for the image; the text holds the compiler's words."""
