"""`/metrics`: the office's figures in the text format of Prometheus."""

from collections.abc import Iterator
from typing import Any

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from office.dashboard import schema
from office.dashboard.hub import Hub
from protocols.risk_checks import name_of


class _Figures:
    """A collector of one scrape. The trader's own counters keep their names as labels: they are a table, not code."""

    def __init__(self, hub: Hub, viewers: int, dropped: int) -> None:
        self._hub = hub
        self._viewers = viewers
        self._dropped = dropped

    def collect(self) -> Iterator[Metric]:
        yield GaugeMetricFamily("hftos_office_viewers", "Open pages", value=self._viewers)
        yield CounterMetricFamily("hftos_office_viewers_dropped", "Pages cut off: they stalled", value=self._dropped)
        yield CounterMetricFamily("hftos_office_frames", "Frames of the stream", value=self._hub.source_rows)
        yield from self._servers()
        yield self._counters()
        yield self._decisions()
        yield from self._positions()
        yield self._latency()

    def _servers(self) -> Iterator[Metric]:
        names = ("up", "stale", "killed")
        texts = ("connected to the office", "connected, and silent", "its kill switch was pulled")
        servers = {server.number: server for server in self._hub.servers.values()}.values()
        for name, text in zip(names, texts, strict=True):
            metric = GaugeMetricFamily(f"hftos_server_{name}", f"1 when a server is {text}", labels=["host"])
            for server in servers:
                metric.add_metric([server.host], float(server.open if name == "up" else getattr(server, name)))
            yield metric
        lost = CounterMetricFamily("hftos_server_lost", "Frames of the stream that never came", labels=["host"])
        for server in servers:
            lost.add_metric([server.host], server.lost)
        yield lost

    def _rows(self, table: schema.Table) -> Any:
        return self._hub.tables[table.number]

    def _hosts(self) -> dict[int, str]:
        return {server.number: server.host for server in self._hub.servers.values()}

    def _counters(self) -> Metric:
        hosts = self._hosts()
        metric = GaugeMetricFamily("hftos_counter", "Counters of a server", labels=["host", "group", "name"])
        for row in self._rows(schema.COUNTERS):
            metric.add_metric([hosts.get(row.server, ""), row.group, row.name], row.value)
        return metric

    def _decisions(self) -> Metric:
        metric = CounterMetricFamily("hftos_decisions", "Decisions of the risk gate by check", labels=["check"])
        for row in self._rows(schema.CHECKS):
            metric.add_metric([name_of(row.code)], row.count)
        return metric

    def _positions(self) -> Iterator[Metric]:
        hosts = self._hosts()
        shares = GaugeMetricFamily("hftos_position_shares", "Shares held", labels=["host", "symbol"])
        profit = GaugeMetricFamily("hftos_profit_dollars", "Profit at the mark", labels=["host", "symbol"])
        for row in self._rows(schema.POSITIONS):
            labels = [hosts.get(row.server, ""), row.symbol]
            shares.add_metric(labels, row.told.shares if row.told else row.shares)
            profit.add_metric(labels, row.total / 10_000)
        yield shares
        yield profit

    def _latency(self) -> Metric:
        hosts = self._hosts()
        names = [name for name, _ in schema.LATENCY.columns]
        metric = GaugeMetricFamily(
            "hftos_latency_seconds", "Percentiles of the last interval", labels=["host", "stage", "quantile"]
        )
        newest = {(row[0], row[-1]): dict(zip(names, row, strict=True)) for row in self._rows(schema.LATENCY)}
        for (server, stage), row in newest.items():
            for quantile, key in (("0.5", "p50"), ("0.9", "p90"), ("0.99", "p99"), ("0.999", "p999"), ("1", "max")):
                metric.add_metric([hosts.get(server, ""), stage, quantile], row[key] / 1e9)
        return metric


def page(hub: Hub, viewers: int, dropped: int) -> tuple[bytes, str]:
    """The page and its content type."""
    registry = CollectorRegistry()
    registry.register(_Figures(hub, viewers, dropped))
    return generate_latest(registry), CONTENT_TYPE_LATEST
