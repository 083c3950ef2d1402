import { beforeAll } from 'vitest';
import { BUILD_MS, buildBeam, describeWithBeam } from '../helpers/beam.ts';
import { temporaryFolder } from '../helpers/temporary-folder.ts';
import { bridgeSuite } from './bridge-suite.ts';
import { kpiSuite } from './kpi-suite.ts';

const folder = temporaryFolder();

describeWithBeam('on Beam', (settings) => {
  beforeAll(buildBeam, BUILD_MS);
  kpiSuite(settings, folder);
  bridgeSuite(settings);
});
