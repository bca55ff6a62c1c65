"""What is said about an error that ends something: one line, and a traceback only for what nobody foresaw."""


def line(error: BaseException) -> str:
    """The error in one line: its class and its text."""
    return f"{type(error).__name__}: {error}".replace("\n", "; ")


def foreseen(error: BaseException) -> bool:
    """Whether the text says it all: errors of this program's own classes and of the operating system."""
    return isinstance(error, OSError) or type(error).__module__.partition(".")[0] == __name__.partition(".")[0]


def text(error: BaseException) -> str:
    """The line, after the traceback of an error that is not `foreseen`.

    Without source lines: a trader that fails while it is silent may open no file.
    """
    if foreseen(error):
        return line(error)
    lines = ["Traceback (most recent call last):"]
    trace = error.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        lines.append(f'  File "{code.co_filename}", line {trace.tb_lineno}, in {code.co_name}')
        trace = trace.tb_next
    before = error.__cause__ or error.__context__
    if before is not None:
        lines.insert(0, f"{text(before)}\nand then:")
    return "\n".join([*lines, line(error)])
