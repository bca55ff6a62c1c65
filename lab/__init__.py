"""The tuning lab: experiments with kernels and their knobs, from the plan to the report."""
