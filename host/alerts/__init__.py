"""Alerts: what slo.yaml says, as rules for Prometheus, as dashboards, and as a watch in the process itself."""
