"""`python -m hftos.compiling`: the compilation step of `make setup`; quick when nothing has changed."""

import sys

from hftos.compiling import index, table
from hftos.compiling.errors import CompilingError, NoCompilerError
from hftos.compiling.finder import ROOT


def main() -> int:
    """Compile what has changed; 0 also where there is no compiler, because everything runs interpreted too."""
    try:
        index.objects(ROOT, table.names(ROOT), lambda line: print(line, file=sys.stderr, flush=True))
    except NoCompilerError as error:
        print(f"hftos: modules stay interpreted and slow: {error}", file=sys.stderr)
    except CompilingError as error:
        print(f"hftos: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
