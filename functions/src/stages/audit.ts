/** audit: closes the books of every session and names each batch that is missing or damaged, and where it was lost. */
import { PipelineError } from '@tapline/core/errors';
import type { LedgerTotals, SessionBooks } from '@tapline/core/ledger/books';
import { closeSession, sumBooks } from '@tapline/core/ledger/books';
import { allocateColumns } from '@tapline/core/packet/columns';
import type { Codec, LedgerStore, PacketStore } from '@tapline/core/ports';
import { decodeBatch } from '@tapline/core/wire/batch';

export interface AuditDeps {
  readonly ledger: Pick<LedgerStore, 'lastHeartbeats' | 'minutes' | 'entries' | 'sessions'>;
  readonly packets: Pick<PacketStore, 'sessionBatches' | 'getBatch'>;
  /** For `verify`. */
  readonly codecs: readonly Codec[];
}

export interface AuditOptions {
  /** Only this sensor; all when absent. */
  readonly sensor?: string;
  /** Only this session, or these, in their order; all when absent. */
  readonly session?: string | readonly string[];
  /** Also reads every stored batch and compares its content with what was put. */
  readonly verify?: boolean;
}

export interface DamagedBatch {
  /** `sensor/session/sequence` */
  readonly id: string;
  readonly packets: number;
  readonly problem: string;
}

export interface AuditReport {
  readonly sessions: readonly SessionBooks[];
  readonly totals: LedgerTotals;
  readonly closedToUs: number | null;
  /** Empty unless asked to verify. */
  readonly damaged: readonly DamagedBatch[];
  readonly verifiedBatches: number;
  /** Nothing unexplained, nothing missing, nothing damaged. */
  readonly balanced: boolean;
}

/** @throws PipelineError USAGE when nothing is known of the sensor that was asked for */
export async function audit(deps: AuditDeps, options: AuditOptions = {}): Promise<AuditReport> {
  const wanted = wantedOf(await deps.ledger.sessions(), options);
  if (wanted.length === 0 && options.sensor !== undefined) {
    throw new PipelineError('USAGE', `there are no books of a sensor ${JSON.stringify(options.sensor)}`);
  }
  const sessions: SessionBooks[] = [];
  const damaged: DamagedBatch[] = [];
  let verifiedBatches = 0;
  for (const { sensor, session } of wanted) {
    sessions.push(await closeSession(sensor, session, deps));
    if (options.verify === true) verifiedBatches += await verifySession(sensor, session, deps, damaged);
  }
  const { totals, closedToUs } = sumBooks(sessions);
  const isWhole = (books: SessionBooks): boolean =>
    books.totals.unexplained === 0 && books.discrepancies.length === 0 && books.unlistedDiscrepancies === 0;
  return {
    sessions,
    totals,
    closedToUs,
    damaged,
    verifiedBatches,
    balanced: sessions.every(isWhole) && damaged.length === 0,
  };
}

type Known = Awaited<ReturnType<LedgerStore['sessions']>>;

function wantedOf(known: Known, { sensor: only, session: chosen }: AuditOptions): Known {
  const ofSensor = known.filter(({ sensor }) => sensor === (only ?? sensor));
  if (chosen === undefined) return ofSensor;
  const order = new Map((typeof chosen === 'string' ? [chosen] : chosen).map((session, place) => [session, place]));
  return ofSensor
    .filter(({ session }) => order.has(session))
    .sort((a, b) => order.get(a.session)! - order.get(b.session)!);
}

/** Reads a session's batches; returns how many and appends what is wrong with any. */
async function verifySession(
  sensor: string,
  session: string,
  deps: AuditDeps,
  damaged: DamagedBatch[],
): Promise<number> {
  const columns = allocateColumns();
  let verified = 0;
  for await (const batch of deps.packets.sessionBatches(sensor, session)) {
    verified += 1;
    const wire = await deps.packets.getBatch(batch.id);
    const problem = wire === undefined ? 'it is gone' : wrongWith(wire);
    if (problem !== undefined) damaged.push({ id: batch.id, packets: batch.count, problem });

    function wrongWith(bytes: Uint8Array): string | undefined {
      try {
        const header = decodeBatch(bytes, deps.codecs, columns);
        return header.contentHash === batch.contentHash ? undefined : 'its content is not what was stored';
      } catch (error) {
        if (error instanceof PipelineError) return error.message;
        throw error;
      }
    }
  }
  return verified;
}
