"""What a guest says at its end is read, or said to be incomplete."""

import json

import pytest

from lab.lockstep.results import ResultsError, figures, parse


def test_the_lines_of_a_peer() -> None:
    console = ["[    0.1] boot", "NOTE 3 duplicates", "CALIBRATION 2000 2002", "SAMPLE 10 30", "SAMPLE 11 31", "END 2"]
    results = parse(console)
    assert (results.after, results.before) == ([10, 11], [30, 31])
    assert (results.calibration, results.notes) == (1.001, ["3 duplicates"])


def test_the_json_of_the_image() -> None:
    stages = {"decision": [1, 2]}
    results = parse(["x", "hftos: result " + json.dumps({"after": [5, 6], "stages": stages, "calibration": 1})])
    assert (results.after, results.before, results.stages) == ([5, 6], [], stages)


def test_a_console_without_a_result_is_quoted() -> None:
    with pytest.raises(ResultsError, match=r"no result; its console ends with: FAILED connect: refused"):
        parse(["", "FAILED connect: refused"])


def test_samples_that_are_missing_are_noticed() -> None:
    with pytest.raises(ResultsError, match="took 3 samples, 1 are on its console"):
        parse(["SAMPLE 1 2", "END 3"])


def test_a_result_of_another_harness_program_is_none() -> None:
    with pytest.raises(ResultsError, match="no samples `after`"):
        parse(['hftos: result {"harness": "echo"}'])


def test_figures() -> None:
    assert figures(range(1, 101)) == {"min": 1, "p50": 50, "p99": 99, "max": 100}
    with pytest.raises(ValueError, match="nothing was measured"):
        figures([])
