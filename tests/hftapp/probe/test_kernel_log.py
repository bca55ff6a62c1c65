"""The kernel says which words of its command line it did not know."""

from pathlib import Path

from hftapp.probe.kernel_log import unknown_parameters


def test_the_words_are_those_that_were_passed_on(tmp_path: Path) -> None:
    log = tmp_path / "kmsg"
    log.write_bytes(
        b"6,1,0,-;Linux version 6.12\n"
        b'5,2,0,-;Unknown kernel command line parameters "skew= lpj=1 nosuch=", will be passed to user space.\n'
    )
    assert unknown_parameters(str(log)) == ["skew=", "lpj=1", "nosuch="]


def test_a_kernel_that_knows_all_says_nothing(tmp_path: Path) -> None:
    log = tmp_path / "kmsg"
    log.write_bytes(b"6,1,0,-;Linux version 6.12\n")
    assert unknown_parameters(str(log)) == []
    assert unknown_parameters(str(tmp_path / "none")) == []
