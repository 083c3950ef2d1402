/** What stands in for the exporter of Bigtable's own monitoring (adapters/bigtable/without-metrics). */
import { createRequire } from 'node:module';
import { describe, expect, it } from 'vitest';
import { Bigtable } from '@google-cloud/bigtable';

const require = createRequire(import.meta.resolve('@google-cloud/bigtable'));

describe('the client of Bigtable', () => {
  it('finds the stand-in, and none of the descriptions of all of Google’s APIs', () => {
    expect(require.resolve('@google-cloud/opentelemetry-cloud-monitoring-exporter')).toContain('without-metrics');
    expect(() => require.resolve('googleapis')).toThrow(/Cannot find module/);
  });

  it('is made without its monitoring, and says what is missing with it', () => {
    expect(new Bigtable({ projectId: 'p', metricsEnabled: false })).toBeInstanceOf(Bigtable);
    const { CloudMonitoringExporter } = require('./client-side-metrics/exporter') as {
      CloudMonitoringExporter: new (options: object) => object;
    };
    expect(() => new CloudMonitoringExporter({})).toThrow(/not installed: leave metricsEnabled off/);
  });
});
