/** `tapline audit`: closes the books of a data folder or of the deployed line, and names what is missing, and the hop. */
import { Option, type Command } from 'commander';
import { codecs } from '@tapline/adapters/codec/codecs';
import {
  discrepancyName,
  type Discrepancy,
  type LedgerTotals,
  type MinuteBooks,
  type SessionBooks,
} from '@tapline/core/ledger/books';
import { PipelineError } from '@tapline/core/errors';
import { readSettings } from '@tapline/core/settings/settings';
import { audit, type AuditDeps, type AuditReport } from '@tapline/functions/stages/audit';
import { mirrorText } from '../cli/mirror-options.ts';
import { formatCount, formatInstant } from '../cli/format.ts';
import { openExistingStores } from '../line/data-folder.ts';

interface AuditFlags {
  readonly data?: string;
  readonly on: 'embedded' | 'services';
  readonly sensor?: string;
  readonly session?: string;
  readonly verify: boolean;
  readonly json: boolean;
}

export function addAudit(program: Command): void {
  program
    .command('audit')
    .description('close the books: exit code 0 when every packet is accounted for, 1 when not')
    .option('--data <dir>', 'the folder that "tapline run --data" wrote')
    .addOption(
      new Option('--on <where>', 'whose books: of a data folder, or of the deployed line (Cassandra)')
        .choices(['embedded', 'services'])
        .default('embedded'),
    )
    .option('--sensor <name>', 'only this sensor')
    .option('--session <name>', 'only this session')
    .option('--verify', 'also read every stored batch and compare its content', false)
    .option('--json', 'print the report as one JSON object', false)
    .action(async (flags: AuditFlags) => {
      const { stores, close } = await openBooks(flags);
      try {
        const { sensor, session, verify } = flags;
        const only = { ...(sensor === undefined ? {} : { sensor }), ...(session === undefined ? {} : { session }) };
        const report = await audit({ ...stores, codecs }, { verify, ...only });
        process.stdout.write(flags.json ? `${JSON.stringify(report)}\n` : auditText(report));
        if (!report.balanced) process.exitCode = 1;
      } finally {
        await close();
      }
    });
}

type Books = Pick<AuditDeps, 'ledger' | 'packets'>;

async function openBooks({ on, data }: AuditFlags): Promise<{ stores: Books; close: () => void | Promise<void> }> {
  if (on === 'services') {
    const { openRowStores } = await import('../service-line/stores.ts');
    const stores = await openRowStores(readSettings(process.env));
    return { stores, close: () => stores.close() };
  }
  if (data === undefined) {
    throw new PipelineError('USAGE', 'name the data folder with --data DIR, or the deployed line with --on services');
  }
  const stores = openExistingStores(data);
  return {
    stores,
    close: () => {
      stores.close();
    },
  };
}

/** Minutes listed for people. */
const MINUTES_SHOWN = 20;

/** The books of each session, what is missing, and the verdict. */
export function auditText(report: AuditReport): string {
  const lines = report.sessions.flatMap(sessionLines);
  for (const { id, packets, problem } of report.damaged) {
    lines.push(`DAMAGED  ${id}: ${formatCount(packets)} packets, ${problem}`);
  }
  if (report.verifiedBatches > 0) lines.push(`verified ${formatCount(report.verifiedBatches)} stored batches`);
  const until = report.closedToUs === null ? 'nothing seen yet' : `closed to ${formatInstant(report.closedToUs)}`;
  lines.push(`books    ${until}, unexplained ${formatCount(report.totals.unexplained)}`);
  return `${lines.join('\n')}\n`;
}

function sessionLines(books: SessionBooks): string[] {
  const { sensor, session, final, underWay, discrepancies, unlistedDiscrepancies } = books;
  const running = !books.announced
    ? ', no heartbeat: what came is counted, what did not is unknown'
    : final
      ? ''
      : `, still open, ${formatCount(underWay)} packets under way`;
  const lines = [`session  ${sensor}/${session}${running}`, `         ${totalsText(books.totals)}`];
  if (books.mirror !== undefined) lines.push(`         ${mirrorText(books.mirror)}`);
  for (const found of discrepancies) lines.push(`MISSING  ${discrepancyText(found)}`);
  if (unlistedDiscrepancies > 0) lines.push(`MISSING  and ${formatCount(unlistedDiscrepancies)} more`);
  for (const minute of books.unbalancedMinutes.slice(0, MINUTES_SHOWN)) lines.push(minuteText(minute));
  const more = books.unbalancedMinutes.length - MINUTES_SHOWN;
  if (more > 0) lines.push(`MINUTE   and ${formatCount(more)} more (--json lists them)`);
  return lines;
}

/** Where the hops of a minute part; those of a session that still runs are mostly on their way. */
function minuteText({ minuteStartUs, ...hops }: MinuteBooks): string {
  return `MINUTE   ${formatInstant(minuteStartUs)}  ${totalsText(hops)}`;
}

function totalsText(totals: LedgerTotals | Omit<MinuteBooks, 'minuteStartUs'>): string {
  return Object.entries(totals)
    .map(([name, count]) => `${name} ${formatCount(count as number)}`)
    .join('  ');
}

function discrepancyText(found: Discrepancy): string {
  const packets = found.packets === null ? 'an unknown number of packets' : `${formatCount(found.packets)} packets`;
  const minute = found.minuteStartUs === null ? '' : ` of the minute from ${formatInstant(found.minuteStartUs)}`;
  return `batch ${discrepancyName(found)}: not ${found.hop}, ${packets}${minute}`;
}
