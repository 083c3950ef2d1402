/** The health of the pipeline by the report API. */
import { describe, expect, test } from 'vitest';
import { blindness } from '@tapline/core/ledger/blindness';
import type { PipelineReport } from '@tapline/core/report/pipeline-report';
import { createReport } from '@tapline/functions/stages/report';
import { makeReportData, SENSOR, SESSION, START_US, type ReportData } from '../fixtures/report-data.ts';

const pipelineOf = async (data: ReportData): Promise<PipelineReport> => {
  const api = createReport({ results: data.results, packets: data.batches, ledger: data.ledger, codecs: [] });
  const request = { method: 'GET', path: '/api/v1/pipeline', query: new URLSearchParams(), ifNoneMatch: null };
  return JSON.parse((await api(request)).body) as PipelineReport;
};

describe('the health of the pipeline', () => {
  test('says how far every packet got, and that the sensor ended in order', async () => {
    const data = await makeReportData();
    const { sensors } = await pipelineOf(data);
    const sent = data.packets.length;
    expect(sensors).toMatchObject([
      {
        sensor: SENSOR,
        state: 'ended',
        blindSinceUs: null,
        books: { sent, parsed: sent, windowed: sent, stored: sent, unexplained: 0 },
        counters: { offered: sent, kernelDropped: 0 },
        sessions: [{ session: SESSION, final: true, unpublishedBatches: null }],
      },
    ]);
  });

  test('says which sensor is blind, and since when', async () => {
    const data = await makeReportData({ minutes: 3 });
    expect((await pipelineOf(data)).sensors[0]!.state).toBe('alive');
    const heartbeats = await data.ledger.lastHeartbeats(SENSOR);
    const alert = blindness(heartbeats, { blindAfterUs: 30e6, nowUs: START_US + 600e6 })!;
    await data.results.putAlerts([alert]);
    expect((await pipelineOf(data)).sensors[0]).toMatchObject({ state: 'blind', blindSinceUs: START_US + 180e6 });
  });

  test('says up to which event time each hop has got, and none for hops that are not on the way', async () => {
    const data = await makeReportData();
    const lastUs = Math.max(...data.packets.map(({ timeUs }) => timeUs));
    const { sessions } = (await pipelineOf(data)).sensors[0]!;
    expect(sessions[0]!.reachedUs).toEqual({ parsed: lastUs, windowed: lastUs, stored: lastUs });
  });

  test('says what it cannot know of the line, and hands on what the line says', async () => {
    const data = await makeReportData({ minutes: 3 });
    const { line } = await pipelineOf(data);
    expect(line.deadLetters).toMatchObject({
      count: null,
      text: expect.stringContaining('tapline dlq list') as string,
    });
    expect(line.cost.report).toBeNull();
  });

  test('names the hop at which batches were lost', async () => {
    const data = await makeReportData();
    await data.batches.deleteBatch(`${SENSOR}/${SESSION}/3`);
    const [sensor] = (await pipelineOf(data)).sensors;
    expect(sensor!.books.discrepancies).toEqual([{ batches: `${SENSOR}/${SESSION}/3`, hop: 'stored', packets: 4096 }]);
    expect(sensor!.books.sent - sensor!.books.stored).toBe(4096);
  });
});
