"""The doctor: finds and repairs problems of a home and its stores.

Checks are registered (`registry`), each runs alone, and what a broken one says is a finding like any other.
"""

from __future__ import annotations

from eider.service.doctor.registry import HomeContext, StoreContext, home_check, store_check
from eider.service.doctor.report import Finding, Report, Severity

__all__ = ["Finding", "HomeContext", "Report", "Severity", "StoreContext", "home_check", "store_check"]
