"""What is said about an error that ends something: one line, and a traceback only for what nobody foresaw."""


def line(error: BaseException) -> str:
    """The error in one line: its class and its text."""
    return f"{type(error).__name__}: {error}".replace("\n", "; ")


def foreseen(error: BaseException) -> bool:
    """Whether the text says it all: errors of this program's own classes and of the operating system."""
    return isinstance(error, OSError) or type(error).__module__.partition(".")[0] == __name__.partition(".")[0]


def text(error: BaseException) -> str:
    """The line, after the traceback of an error that is not `foreseen`."""
    if foreseen(error):
        return line(error)
    import traceback

    return "".join(traceback.format_exception(error)).rstrip("\n")
