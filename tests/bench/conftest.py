"""The benchmarks look at the same finished example desk as the acceptance tests."""

from tests.acceptance.conftest import finished

__all__ = ["finished"]
