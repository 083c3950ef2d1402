/**
 * Structured log lines as Cloud Logging reads them from a function's stderr: one JSON object per line with `severity`,
 * `message`, labels, and the trace of the request, so that one request's lines are found together.
 */
import type { IncomingHttpHeaders } from 'node:http';
import { PipelineError } from '@tapline/core/errors';

/** Ascending. */
const SEVERITIES = ['DEBUG', 'INFO', 'WARNING', 'ERROR'] as const;
export type Severity = (typeof SEVERITIES)[number];

/** Short texts by name: sensor, batchId, messageId. What is undefined or empty is left out. */
export type Labels = Readonly<Record<string, string | undefined>>;

export interface Log {
  (severity: Severity, message: string, labels?: Labels, error?: unknown): void;
  /** The same log for lines about one request. */
  ofRequest(headers: IncomingHttpHeaders): Log;
}

export interface LogOptions {
  /** Of the whole process: the function's name. */
  readonly labels: Labels;
  /** Google Cloud project that the traces are in. */
  readonly project: string;
  /** Lines below this are not written. */
  readonly least: Severity;
  /** Takes one line without its end; stderr unless given. */
  readonly write?: (line: string) => void;
}

const TEXT_MAX = 2000;
const LABEL_MAX = 128;

/** Reads a severity as a setting names it, in any case; undefined when it is none. */
export function severityOf(text: string): Severity | undefined {
  return SEVERITIES.find((severity) => severity === text.toUpperCase());
}

export function createLog(options: LogOptions, trace: object = {}): Log {
  const { project, least, write = writeStderr } = options;
  const log = (severity: Severity, message: string, labels: Labels = {}, error?: unknown): void => {
    if (SEVERITIES.indexOf(severity) < SEVERITIES.indexOf(least)) return;
    write(
      JSON.stringify({
        severity,
        message: message.slice(0, TEXT_MAX),
        'logging.googleapis.com/labels': shortened({ ...options.labels, ...labels }),
        ...trace,
        ...described(error),
      }),
    );
  };
  return Object.assign(log, {
    ofRequest: (headers: IncomingHttpHeaders) => createLog(options, traceOf(headers, project)),
  });
}

function writeStderr(line: string): void {
  process.stderr.write(`${line}\n`);
}

function shortened(labels: Labels): Record<string, string> {
  const given = Object.entries(labels).filter((entry): entry is [string, string] => (entry[1] ?? '') !== '');
  return Object.fromEntries(given.map(([name, text]) => [name, text.slice(0, LABEL_MAX)]));
}

/** What is known of an error: code and cause of ours, the stack of one that nobody expected. */
function described(error: unknown): object {
  if (error === undefined) return {};
  if (error instanceof PipelineError) {
    const { code, retriable, cause } = error;
    return { code, retriable, ...(cause instanceof Error ? { cause: cause.message.slice(0, TEXT_MAX) } : {}) };
  }
  // Under this name Error Reporting finds it.
  return error instanceof Error ? { stack_trace: (error.stack ?? error.message).slice(0, 4 * TEXT_MAX) } : {};
}

/**
 * The request's trace as log fields, from `traceparent` (W3C Trace Context §3.2) or `X-Cloud-Trace-Context:
 * TRACE/SPAN;o=1`, whose span is decimal; nothing when there is neither.
 */
export function traceOf(headers: IncomingHttpHeaders, project: string): object {
  const w3c = /^[\da-f]{2}-([\da-f]{32})-([\da-f]{16})-([\da-f]{2})/.exec(text(headers, 'traceparent'));
  if (w3c !== null) return traceFields(project, w3c[1]!, w3c[2], (Number.parseInt(w3c[3]!, 16) & 1) === 1);
  const google = /^([\da-f]{32})(?:\/(\d{1,20}))?(?:;o=(\d))?/.exec(text(headers, 'x-cloud-trace-context'));
  if (google === null) return {};
  const span = google[2] === undefined ? undefined : BigInt(google[2]).toString(16).padStart(16, '0');
  return traceFields(project, google[1]!, span, google[3] === '1');
}

function text(headers: IncomingHttpHeaders, name: string): string {
  const value = headers[name];
  return typeof value === 'string' ? value : '';
}

function traceFields(project: string, trace: string, span: string | undefined, sampled: boolean): object {
  return {
    'logging.googleapis.com/trace': `projects/${project}/traces/${trace}`,
    ...(span === undefined ? {} : { 'logging.googleapis.com/spanId': span }),
    'logging.googleapis.com/trace_sampled': sampled,
  };
}
