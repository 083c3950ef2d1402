/**
 * Stands in, by a dependency of package.json of the same name and version, for the exporter with which Bigtable's client
 * sends its own measurements to Cloud Monitoring. The client loads it also when that is switched off, as ../client.ts does,
 * and it brings the descriptions of all of Google's APIs along: 117 MB of a function (docs/deploy.md). CommonJS, as the client is.
 */
exports.MetricExporter = function MetricExporter() {
  throw new Error("Bigtable's own monitoring is not installed: leave metricsEnabled off (adapters/bigtable)");
};
