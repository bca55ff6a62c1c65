"""Which kernels a plan boots."""

from lab import kernels_needed
from lab.kernels_needed import BUILD_SECONDS
from lab.knob_levels import Knobs
from lab.model import Variant

VARIANTS = [
    Variant("base"),
    Variant("knob", {"k01": "0", "hz": "100"}),
    Variant("fast", {"hz": "250"}),
    Variant("faster", {"hz": "1000", "k01": "0"}),
    Variant("stock", kernel="debian"),
    Variant("tuned", {"k01": "0"}, kernel="debian"),
]


def test_variants_that_differ_in_what_is_compiled_in_need_kernels_of_their_own(knobs: Knobs) -> None:
    asked: list[str] = []

    def present(variant: Variant) -> bool:
        asked.append(variant.name)
        return variant.name == "base"

    found = kernels_needed.needed(VARIANTS, knobs, present)
    assert [(kernel.words(), kernel.variants, kernel.present) for kernel in found] == [
        ("hftos, profile qemu", ("base", "knob"), True),
        ("hftos, profile qemu, hz=250", ("fast",), False),
        ("hftos, profile qemu, hz=1000", ("faster",), False),
        ("debian", ("stock", "tuned"), False),
    ]
    assert asked == ["base", "fast", "faster", "stock"]
    assert kernels_needed.seconds(found) == 2 * BUILD_SECONDS
