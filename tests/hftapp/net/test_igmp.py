import pytest
from scapy.layers.igmp import IGMP, IGMPv3_MR, IGMPv3_MR_Group

from hftapp.net import igmp
from hftapp.net.igmp import TENTH, Query, Record

REPORT = bytes.fromhex("2200 eae8 0000 0001 04 00 0000 ef140001")
GENERAL = bytes.fromhex("1164 ec1e 00000000 02 7d 0000")


def test_report_golden_bytes() -> None:
    report = igmp.encode_report([Record(igmp.CHANGE_TO_EXCLUDE, 0xEF140001)])
    assert report == REPORT
    theirs = IGMPv3_MR(records=[IGMPv3_MR_Group(rtype=4, maddr="239.20.0.1")])
    assert bytes(theirs) == REPORT


def test_report_with_sources_is_what_scapy_builds() -> None:
    theirs = IGMPv3_MR(
        records=[
            IGMPv3_MR_Group(rtype=1, maddr="239.20.0.1", srcaddrs=["10.0.0.1", "10.0.0.2"], numsrc=2),
            IGMPv3_MR_Group(rtype=2, maddr="239.20.0.2"),
        ]
    )
    records = [Record(1, 0xEF140001, (0x0A000001, 0x0A000002)), Record(2, 0xEF140002)]
    assert igmp.encode_report(records) == bytes(theirs)


def test_version_2_is_what_scapy_builds() -> None:
    assert igmp.encode_v2(igmp.LEAVE_V2, 0xEF140001) == bytes(IGMP(type=0x17, mrcode=0, gaddr="239.20.0.1"))


def test_general_query() -> None:
    assert igmp.decode_query(GENERAL) == Query(3, 0, 100 * TENTH, 2, ())


def test_query_with_sources() -> None:
    raw = bytes.fromhex("1101 0000 ef140001 02 7d 0001 0a000001")
    assert igmp.decode_query(raw) == Query(3, 0xEF140001, TENTH, 2, (0x0A000001,))
    assert igmp.decode_query(raw[:-1]) is None, "fewer sources than announced"


@pytest.mark.parametrize(("code", "version", "tenths"), [(0, 1, 100), (5, 2, 5)])
def test_short_queries_are_of_older_versions(code: int, version: int, tenths: int) -> None:
    assert igmp.decode_query(bytes([0x11, code, 0, 0, 0, 0, 0, 0])) == Query(version, 0, tenths * TENTH, 0, ())


@pytest.mark.parametrize("size", [9, 10, 11])
def test_sizes_between_the_versions_are_impossible(size: int) -> None:
    assert igmp.decode_query(GENERAL[:size]) is None


@pytest.mark.parametrize(("code", "tenths"), [(127, 127), (128, 128), (0x8F, 248), (0xFF, 31744)])
def test_long_response_times_are_floating_point(code: int, tenths: int) -> None:
    """RFC 3376 §4.1.1."""
    assert igmp.response_time(code) == tenths * TENTH
