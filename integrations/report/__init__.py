"""The report: one HTML file that opens anywhere, with its charts inside."""

from integrations.report.reporter import HtmlReporter

__all__ = ["HtmlReporter"]
