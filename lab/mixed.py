"""Results of one experiment that are not of the same program, kernel or machine."""

from collections.abc import Callable, Sequence

from lab.model import Result


def mixed_results(results: Sequence[Result]) -> list[str]:
    """Warnings of results that belong together and are of different images, kernels or accelerators: the program was
    changed in between, a kernel was built or fetched anew, or the machine is another one."""
    images = _several(results, "initramfs_sha256", lambda result: f"profile {result.run.variant.profile}")
    packages = _several(results, "package", lambda result: result.run.variant.name)
    kernels = _several(results, "kernel_sha256", lambda result: result.run.variant.name)
    accelerators = _several(results, "accelerator", lambda _: "all variants")
    found = [
        *(f"with {name} are of {len(own)} different images" for name, own in images.items()),
        *(f"of {name} are of different packages ({', '.join(own)})" for name, own in packages.items()),
        *(f"of {name} are of {len(own)} different kernels" for name, own in kernels.items() if name not in packages),
        *(f"of {name} are of different accelerators ({', '.join(own)})" for name, own in accelerators.items()),
    ]
    remedy = "what changed between them may be taken for an effect; begin anew with --fresh"
    return [f"the results {text}: {remedy}" for text in found]


def _several(results: Sequence[Result], fact: str, group: Callable[[Result], str]) -> dict[str, list[str]]:
    """The groups whose results differ in a fact of their machine, with its values, sorted."""
    seen: dict[str, set[str]] = {}
    for result in results:
        if value := result.machine.get(fact):
            seen.setdefault(group(result), set()).add(str(value))
    return {name: sorted(values) for name, values in sorted(seen.items()) if len(values) > 1}
