/** The JSON of a search for packets, version 1. */
import type { TimeRange } from '../ports.ts';
import type { QueryCql } from '../query/query-cql.ts';
import type { PacketPage } from './snapshot.ts';

/** What finding every packet of a query would read: packets are kept in batches that are found by their time alone. */
export interface SearchPlan {
  readonly batches: number;
  readonly packets: number;
}

export interface SearchPage extends PacketPage {
  readonly sensor: string;
  /** The query as it was understood. */
  readonly query: string;
  /** What was searched: the query's own time, else the time that was asked for. */
  readonly within: TimeRange;
  /** With the first page only. */
  readonly plan: SearchPlan | null;
  readonly cql: QueryCql;
}
