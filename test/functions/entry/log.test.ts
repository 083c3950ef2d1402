import { PipelineError } from '@tapline/core/errors';
import { createLog, severityOf, traceOf, type Severity } from '@tapline/functions/entry/log';
import { describe, expect, it } from 'vitest';

function collected(least: Severity = 'DEBUG') {
  const lines: string[] = [];
  const log = createLog({ labels: { function: 'parse' }, project: 'p', least, write: (line) => lines.push(line) });
  return { log, entries: () => lines.map((line) => JSON.parse(line) as Record<string, unknown>), lines };
}

describe('the log of a function', () => {
  it('is one JSON object per line with severity, message and labels', () => {
    const { log, lines, entries } = collected();
    log('ERROR', 'two\nlines', { sensor: 'tap', batchId: undefined, messageId: '' });
    expect(lines.join('')).not.toContain('\n');
    expect(entries()).toEqual([
      {
        severity: 'ERROR',
        message: 'two\nlines',
        'logging.googleapis.com/labels': { function: 'parse', sensor: 'tap' },
      },
    ]);
  });

  it('leaves out what is less severe than was asked for', () => {
    const { log, entries } = collected('WARNING');
    log('DEBUG', 'a');
    log('INFO', 'b');
    log('WARNING', 'c');
    log('ERROR', 'd');
    expect(entries().map(({ message }) => message)).toEqual(['c', 'd']);
  });

  it('bounds what comes from outside', () => {
    const { log, lines } = collected();
    log('ERROR', 'x'.repeat(1e6), { sensor: 'y'.repeat(1e6) });
    expect(lines[0]!.length).toBeLessThan(4000);
  });

  it('says code and cause of our errors, and the stack of others', () => {
    const { log, entries } = collected();
    const cause = new Error('connection refused');
    log('WARNING', 'a', {}, new PipelineError('STORE', 'no database', { retriable: true, cause }));
    log('ERROR', 'b', {}, new TypeError('oh'));
    expect(entries()[0]).toMatchObject({ code: 'STORE', retriable: true, cause: 'connection refused' });
    expect(entries()[0]).not.toHaveProperty('stack_trace');
    expect(entries()[1]!['stack_trace']).toMatch(/^TypeError: oh\n.*log\.test\.ts/s);
  });

  it('names the trace of the request', () => {
    const { log, entries } = collected();
    log.ofRequest({ 'x-cloud-trace-context': '105445aa7843bc8bf206b12000100000/1;o=1' })('INFO', 'a');
    expect(entries()[0]).toMatchObject({
      'logging.googleapis.com/trace': 'projects/p/traces/105445aa7843bc8bf206b12000100000',
      'logging.googleapis.com/spanId': '0000000000000001',
      'logging.googleapis.com/trace_sampled': true,
    });
  });
});

describe('the trace of a request', () => {
  it('is read from traceparent first', () => {
    const headers = {
      traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00',
      'x-cloud-trace-context': '105445aa7843bc8bf206b12000100000/1;o=1',
    };
    expect(traceOf(headers, 'p')).toEqual({
      'logging.googleapis.com/trace': 'projects/p/traces/0af7651916cd43dd8448eb211c80319c',
      'logging.googleapis.com/spanId': 'b7ad6b7169203331',
      'logging.googleapis.com/trace_sampled': false,
    });
  });

  it.each([{}, { traceparent: 'x' }, { 'x-cloud-trace-context': 'short/1' }])('is nothing in %j', (headers) => {
    expect(traceOf(headers, 'p')).toEqual({});
  });
});

describe('the severity setting', () => {
  it('takes any case and nothing else', () => {
    expect(severityOf('Warning')).toBe('WARNING');
    expect(severityOf('loud')).toBeUndefined();
  });
});
