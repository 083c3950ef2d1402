/** `tapline export`: packets that the flight recorder kept, as a capture that Wireshark opens. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { Option, type Command } from 'commander';
import { listBucket } from '@tapline/capture-agent/record/bucket-reader';
import { openBucket } from '@tapline/capture-agent/record/open-bucket';
import type { PacketFilter } from '@tapline/core/detect/alert';
import { PipelineError } from '@tapline/core/errors';
import { exportText } from '../cli/export-output.ts';
import { interruptOnSignal } from '../cli/interrupt.ts';
import { parseAddressText, parseInstantUs, parseName, parsePort } from '../cli/options.ts';
import { Progress } from '../cli/progress.ts';
import { exportPackets } from '../export/export-packets.ts';
import type { SearchedRecord } from '../export/frame-search.ts';
import { openExistingStores } from '../line/data-folder.ts';

interface ExportFlags {
  readonly record?: string;
  readonly fromBucket?: string;
  readonly write: string;
  readonly format: 'pcap' | 'pcapng';
  readonly sensor?: string;
  readonly alert?: string;
  readonly data?: string;
  readonly from?: number;
  readonly to?: number;
  readonly host?: string;
  readonly peer?: string;
  readonly port?: number;
  readonly protocol?: string;
  readonly filter?: string;
}

const HELP = `
Everything that is given must match; without any of it everything is written. Times are inclusive --from, exclusive --to.
Exit code 0: packets were found and nothing is known to be missing; 1: nothing was found, or a part of what was asked for
is missing from the record (stderr says which time); 2: the command cannot be understood.

  tapline run my.pcap --exit --data day --record packets
  tapline query alerts --data day
  tapline export --record packets --data day --alert ID -w alert.pcapng
  tapline export --record packets --host 192.0.2.7 --port 443 --from 2026-11-24T04:17:00Z -w - | wireshark -k -i -`;

export function addExport(program: Command): void {
  program
    .command('export')
    .description('write packets that --record kept as a capture: those behind an alert, or of a time, a host, a port')
    .option('--record <dir>', 'the folder that "tapline run --record" or "tapline capture --record" wrote')
    .option(
      '--from-bucket <gs://bucket[/prefix]>',
      'where --record-bucket put what alerts marked: for what is gone from --record, or alone',
    )
    .requiredOption('-w, --write <file>', 'where the capture goes, - for standard output')
    .addOption(
      new Option('--format <format>', 'pcap holds one link type').choices(['pcapng', 'pcap']).default('pcapng'),
    )
    .option('--sensor <name>', 'whose packets (default: of the alert, or the only one there is)', parseName)
    .option('--alert <id>', 'the packets behind this alert; needs --data')
    .option('--data <dir>', 'the folder that "tapline run --data" wrote, where alerts are')
    .option('--from <time>', 'ISO 8601 (2026-11-24T04:17:00Z) or seconds since 1970', parseInstantUs)
    .option('--to <time>', 'the same', parseInstantUs)
    .option('--host <address>', 'source or destination', parseAddressText)
    .option('--peer <address>', 'the other side', parseAddressText)
    .option('--port <port>', 'source or destination', parsePort)
    .option('--protocol <name>', 'tcp, udp, icmp, ipv6-icmp, arp or another name of the protocol column')
    .option('--filter <expression>', 'a BPF expression as tcpdump takes it, tested by tcpdump')
    .addHelpText('after', HELP)
    .action(run);
}

async function run(flags: ExportFlags): Promise<void> {
  const { write, format, filter } = flags;
  if (write === '-' && process.stdout.isTTY) {
    throw new PipelineError(
      'USAGE',
      'a capture is binary: send it to a file or a program, for example | wireshark -k -i -',
    );
  }
  const given = filterOf(flags);
  if (given.fromUs >= given.toUs) throw new PipelineError('USAGE', '--from is not before --to');
  const alert = flags.alert === undefined ? undefined : await findAlert(flags.alert, flags.data);
  const record = await openRecord(flags, flags.sensor ?? alert?.sensor);
  const filters = [given, ...(alert === undefined ? [] : [alert.filter])];
  const progress = new Progress();
  const options = { record, filters, format, output: write, ...(filter === undefined ? {} : { expression: filter }) };
  const result = await exportPackets(options, interruptOnSignal().signal, (state) => {
    progress.update(state);
  }).finally(() => {
    progress.clear();
  });
  process.stderr.write(exportText(result, write));
  if (result.packets === 0 || result.missing.length > 0 || result.interrupted) process.exitCode = 1;
}

function filterOf({ from, to, host, peer, port, protocol }: ExportFlags): PacketFilter {
  return {
    fromUs: from ?? -Infinity,
    toUs: to ?? Infinity,
    ...(host === undefined ? {} : { host }),
    ...(peer === undefined ? {} : { peer }),
    ...(port === undefined ? {} : { port }),
    ...(protocol === undefined ? {} : { protocol }),
  };
}

async function findAlert(id: string, data: string | undefined): Promise<{ sensor: string; filter: PacketFilter }> {
  if (data === undefined) throw new PipelineError('USAGE', '--alert needs the folder where alerts are: --data DIR');
  const stores = openExistingStores(data);
  try {
    const alert = await stores.results.alert(id);
    if (alert !== undefined) return alert;
    throw new PipelineError('USAGE', `there is no alert ${id}: tapline query alerts --data ${data} lists them`);
  } finally {
    stores.close();
  }
}

/** What is to be searched, of the sensor that is named or the only one. */
async function openRecord({ record, fromBucket }: ExportFlags, named: string | undefined): Promise<SearchedRecord> {
  const bucket = fromBucket === undefined ? undefined : await openBucket(fromBucket, 'read');
  if (record !== undefined) {
    const sensor = named ?? onlySensor(record, sensorsIn(record));
    const folder = join(record, sensor);
    if (existsSync(folder)) return { sensor, folder, ...(bucket && { bucket }) };
    throw new PipelineError('USAGE', `${record} holds no record of the sensor ${sensor}`);
  }
  if (bucket === undefined) {
    throw new PipelineError('USAGE', 'name where the packets are: --record DIR, --from-bucket gs://BUCKET, or both');
  }
  const folders = named === undefined ? await bucket.list('', '/') : [];
  const sensor =
    named ??
    onlySensor(
      bucket.address,
      folders.filter((name) => name.endsWith('/')).map((name) => name.slice(0, -1)),
    );
  const manifest = await listBucket({ bucket, sensor });
  if (manifest.away?.length === 0)
    throw new PipelineError('USAGE', `${bucket.address} holds nothing of the sensor ${sensor}`);
  return { sensor, folder: sensor, bucket, manifest };
}

const sensorsIn = (record: string): string[] =>
  existsSync(record) ? readdirSync(record).filter((name) => existsSync(join(record, name, 'record.json'))) : [];

/** The one sensor that a record has; a USAGE error when there is none or a choice. */
function onlySensor(record: string, sensors: readonly string[]): string {
  if (sensors.length === 1) return sensors[0]!;
  throw new PipelineError(
    'USAGE',
    sensors.length === 0
      ? `${record} holds no record: name what "tapline run --record" wrote`
      : `${record} holds several sensors, choose with --sensor: ${sensors.toSorted().join(', ')}`,
  );
}
