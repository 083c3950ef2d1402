/** `tapline alert`: the alerts there are, one as a receipt, and whether the stored packets still say the same. */
import { Option, type Command } from 'commander';
import { codecs } from '@tapline/adapters/codec/codecs';
import { PipelineError } from '@tapline/core/errors';
import { explainUsual, type ExplainedAlert } from '@tapline/core/history/explain-usual';
import { presentAlerts } from '@tapline/core/history/present-alerts';
import { evidenceCql } from '@tapline/core/report/evidence-cql';
import type { PacketStore, ResultStore, TriageStore } from '@tapline/core/ports';
import { readSettings } from '@tapline/core/settings/settings';
import { triageState, type TriageState } from '@tapline/core/triage/triage-state';
import { readUsual } from '@tapline/functions/stages/read-usual';
import { verifyAlert } from '@tapline/functions/stages/verify-alert';
import { addTriage } from './alert-triage.ts';
import { receiptText, usualHiddenText, verificationText } from '../cli/alert-output.ts';
import { allowOption, openAllowFile, usualOption } from '../cli/allow-file.ts';
import { formatInstant } from '../cli/format.ts';
import { parseTimeUs } from '../cli/options.ts';
import { Progress } from '../cli/progress.ts';
import { ROW_FORMATS, rowsText, type RowFormat } from '../cli/rows-output.ts';
import { systemClock } from '../line/clock.ts';
import { openExistingStores } from '../line/data-folder.ts';

export interface PlaceFlags {
  readonly data?: string;
  readonly on: 'embedded' | 'services';
}

interface ListFlags extends PlaceFlags {
  readonly sensor?: string;
  readonly from: number;
  readonly to: number;
  readonly allow?: string;
  readonly usual: boolean;
  readonly muted: boolean;
  readonly format?: RowFormat;
}

interface OneFlags extends PlaceFlags {
  readonly json: boolean;
}

const HELP = `
  tapline run my.pcap --exit --data day
  tapline alert list --data day
  tapline alert show ID --data day
  tapline alert verify ID --data day
  tapline alert ack ID --data day
  tapline alert mute ID --for 7d --why "load test until Friday" --data day
  tapline alert history ID --data day

docs/alerts.md says what each part of an alert means, and how an allow-list is written.`;

export function addAlert(program: Command): void {
  const alert = program
    .command('alert')
    .description('list alerts, show one as a receipt, recompute one from its packets, or say what is done about it')
    .addHelpText('after', HELP);
  place(alert.command('list').description('the alerts there are, ascending in time'))
    .option('--sensor <name>', 'only this sensor')
    .addOption(
      new Option('--from <time>', 'event time, ISO 8601').argParser(parseTimeUs).default(-Infinity, 'everything'),
    )
    .addOption(new Option('--to <time>', 'the same').argParser(parseTimeUs).default(Infinity, 'everything'))
    .addOption(allowOption())
    .addOption(usualOption())
    .option('--muted', 'also the alerts that somebody muted', false)
    .addOption(new Option('--format <format>', 'default: table on a terminal, else ndjson').choices(ROW_FORMATS))
    .action(list);
  place(alert.command('show').description('one alert: every number, its data, and the query for its evidence'))
    .argument('<id>', 'which, as "tapline alert list" names it')
    .option('--json', 'the alert as one JSON object', false)
    .action(show);
  place(
    alert
      .command('verify')
      .description('recompute an alert from its stored packets: exit code 0 when they say exactly this, 1 when not'),
  )
    .argument('<id>', 'which, as "tapline alert list" names it')
    .option('--json', 'the finding as one JSON object', false)
    .action(verify);
  addTriage(alert);
}

export function place(command: Command): Command {
  return command
    .option('--data <dir>', 'the folder that "tapline run --data" wrote')
    .addOption(
      new Option('--on <where>', 'whose alerts: of a data folder, or of the deployed line (Cassandra)')
        .choices(['embedded', 'services'])
        .default('embedded'),
    );
}

export interface AlertStores {
  readonly results: ResultStore;
  readonly packets: PacketStore;
  readonly triage: TriageStore;
  close(): void | Promise<void>;
}

export async function withStores<T>({ on, data }: PlaceFlags, work: (stores: AlertStores) => Promise<T>): Promise<T> {
  const stores = await openStores(on, data);
  try {
    return await work(stores);
  } finally {
    await stores.close();
  }
}

async function openStores(on: PlaceFlags['on'], data: string | undefined): Promise<AlertStores> {
  if (on === 'services') {
    // The clients of the services take a second to load.
    const { openRowStores } = await import('../service-line/stores.ts');
    return openRowStores(readSettings(process.env));
  }
  if (data !== undefined) return openExistingStores(data);
  throw new PipelineError('USAGE', 'name the data folder with --data DIR, or the deployed line with --on services');
}

async function list(flags: ListFlags): Promise<void> {
  const warn = (line: string): void => {
    process.stderr.write(`tapline: ${line}\n`);
  };
  const allowList = openAllowFile(flags.allow, warn)();
  const range = { fromUs: flags.from, toUs: flags.to };
  const { alerts, triage, usual } = await withStores(flags, async (stores) => {
    const { results } = stores;
    const sensors = flags.sensor === undefined ? (await results.sensors()).map(({ sensor }) => sensor) : [flags.sensor];
    const found = (await Promise.all(sensors.map((sensor) => results.alerts(sensor, range)))).flat();
    return { alerts: found, triage: await stores.triage.entries(found), usual: await readUsual(found, results) };
  });
  const presented = presentAlerts(alerts, { allowList, usual, withUsual: flags.usual });
  const { shown, suppressed, usualHidden } = presented;
  const stateOf = ({ id }: ExplainedAlert): TriageState => triageState(triage.get(id) ?? [], systemClock.nowUs());
  const listed = flags.muted ? shown : shown.filter((alert) => stateOf(alert).muted === null);
  const rows = listed.map((alert) => listRow(alert, stateOf(alert)));
  process.stdout.write(rowsText(rows, flags.format ?? (process.stdout.isTTY ? 'table' : 'ndjson')));
  for (const { rule, alerts: count } of suppressed) {
    warn(`${count} suppressed: ${rule.reason} (until ${rule.until})`);
  }
  if (usualHidden > 0) warn(usualHiddenText(usualHidden));
  if (listed.length < shown.length) warn(`${shown.length - listed.length} muted: --muted lists them, too`);
}

const listRow = (alert: ExplainedAlert, { acknowledged, muted, notes }: TriageState): Record<string, unknown> => ({
  id: alert.id,
  sensor: alert.sensor,
  start: formatInstant(alert.windowStartUs),
  end: formatInstant(alert.windowEndUs),
  severity: alert.severity,
  detector: alert.detector,
  entity: alert.entity,
  score: alert.score,
  confidence: alert.quality.confidence,
  state: alert.state,
  usual: alert.usual?.class ?? null,
  acknowledged: acknowledged?.by ?? null,
  muted: muted?.text ?? null,
  notes,
  summary: alert.summary,
});

async function show(id: string, flags: OneFlags): Promise<void> {
  const alert = await withStores(flags, async ({ results }) => {
    const found = await results.alert(id);
    return found && explainUsual([found], await readUsual([found], results))[0];
  });
  if (alert === undefined) throw new PipelineError('USAGE', `there is no alert ${id}: tapline alert list names them`);
  process.stdout.write(flags.json ? `${JSON.stringify(alert)}\n` : receiptText(alert, evidenceCql(alert)));
}

async function verify(id: string, flags: OneFlags): Promise<void> {
  const progress = new Progress();
  const found = await withStores(flags, (stores) =>
    verifyAlert(id, { ...stores, codecs }, (packets) => {
      progress.update({ packets, bytesRead: 0 });
    }),
  ).finally(() => {
    progress.clear();
  });
  process.stdout.write(flags.json ? `${JSON.stringify(found)}\n` : verificationText(found));
  if (found.differences.length > 0) process.exitCode = 1;
}
