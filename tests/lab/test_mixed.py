"""Results that belong together and are not of the same program, kernel or accelerator."""

import pytest

from lab.mixed import mixed_results
from lab.model import Result, Run, Variant, Workload

MACHINE = {"kernel_sha256": "a", "initramfs_sha256": "i", "accelerator": "kvm"}


def result(variant: str, repeat: int, **machine: str) -> Result:
    return Result(Run(repeat, Variant(variant), repeat, Workload("idle", 1)), machine=MACHINE | machine)


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({"initramfs_sha256": "j"}, "with profile qemu are of 2 different images"),
        ({"kernel_sha256": "b"}, "of base are of 2 different kernels"),
        ({"accelerator": "tcg"}, "of all variants are of different accelerators (kvm, tcg)"),
    ],
)
def test_what_differs_is_named_with_the_remedy(facts: dict[str, str], words: str) -> None:
    (warning,) = mixed_results([result("base", 1), result("base", 2), result("base", 3, **facts)])
    assert warning == (
        f"the results {words}: what changed between them may be taken for an effect; begin anew with --fresh"
    )


def test_another_package_is_another_kernel_and_said_once() -> None:
    old = result("debian", 1, package="linux 6.12.41", kernel_sha256="a")
    new = result("debian", 2, package="linux 6.12.43", kernel_sha256="b")
    (warning,) = mixed_results([new, old])
    assert "of debian are of different packages (linux 6.12.41, linux 6.12.43)" in warning


def test_variants_may_have_kernels_of_their_own() -> None:
    assert mixed_results([result("base", 1), result("HZ=1000", 1, kernel_sha256="b")]) == []


def test_results_that_do_not_say_are_not_judged() -> None:
    assert mixed_results([Result(Run(1, Variant("a"), 1, Workload("idle", 1))), result("a", 2)]) == []
