/** Flows that the exporter gives of batches, as records by the names of the columns. */
import { FlowExporter } from '@tapline/core/flow-statistics/flow-exporter';
import { ndjsonFlows } from '@tapline/core/flow-statistics/flow-writer';
import type { PacketColumns } from '@tapline/core/packet/columns';

export type ExportedFlow = Readonly<Record<string, number | null>> & {
  readonly source: string;
  readonly destination: string;
  readonly time: string;
};

export function exportedFlows(
  batches: readonly PacketColumns[],
  options: { readonly openMax?: number } = {},
): { flows: ExportedFlow[]; lines: string[]; exporter: FlowExporter } {
  const lines: string[] = [];
  const writer = ndjsonFlows();
  const exporter = new FlowExporter((statistics, row) => lines.push(writer.flow(statistics, row, 'x')), options);
  for (const batch of batches) exporter.take(batch);
  while (!exporter.finish());
  return { flows: lines.map((line) => JSON.parse(line) as ExportedFlow), lines, exporter };
}
