/** `tapline interfaces`: what there is to capture from. */
import type { Command } from 'commander';
import { listInterfaces, type Interface } from '@tapline/adapters/interface/interfaces';

export function addInterfaces(program: Command): void {
  program
    .command('interfaces')
    .description('list the interfaces of this machine that can be captured')
    .option('--json', 'print one JSON array', false)
    .action(async ({ json }: { json: boolean }) => {
      const interfaces = await listInterfaces();
      process.stdout.write(json ? `${JSON.stringify(interfaces)}\n` : interfacesText(interfaces));
    });
}

/** A line per interface, in columns. */
export function interfacesText(interfaces: readonly Interface[]): string {
  const rows = interfaces.map(({ name, state, mtu, addresses, description }) => [
    name,
    state ?? '-',
    mtu === null ? '-' : String(mtu),
    addresses.length === 0 ? (description ?? '-') : addresses.join(' '),
  ]);
  const table = [['INTERFACE', 'STATE', 'MTU', 'ADDRESSES'], ...rows];
  const widths = [0, 1, 2].map((column) => Math.max(...table.map((row) => row[column]!.length)));
  return table
    .map(
      (row) =>
        `${row
          .map((cell, i) => cell.padEnd(widths[i] ?? 0))
          .join('  ')
          .trimEnd()}\n`,
    )
    .join('');
}
