/** Unit and meaning of a KPI by its name; a row stored by a newer build may have names that this one does not know. */
import { KPIS } from '@tapline/core/kpi/kpis';

const MEANINGS = new Map(KPIS.map(({ name, unit, doc }) => [name, { unit, doc }]));

export function kpiMeaning(name: string): { readonly unit: string; readonly doc: string } {
  return MEANINGS.get(name) ?? { unit: '', doc: '' };
}
