import { join } from 'node:path';
import { expect, it } from 'vitest';
import { ETHER_TYPE_NAMES } from '@tapline/core/packet/ether-type-names';
import { IP_PROTOCOL_NAMES } from '@tapline/core/packet/ip-protocol-names';
import { REFLECTOR_PORTS } from '@tapline/core/window/reflector-ports';
import { BEAM } from '../helpers/beam.ts';

it('the names that the Java side reads are those of core (npm run test:golden writes them anew)', async () => {
  const names = {
    ipProtocols: IP_PROTOCOL_NAMES,
    etherTypes: Object.fromEntries(ETHER_TYPE_NAMES),
    reflectorPorts: Object.keys(REFLECTOR_PORTS).map(Number),
  };
  const text = `${JSON.stringify(names, undefined, 1)}\n`;
  await expect(text).toMatchFileSnapshot(join(BEAM, 'src/main/resources/tapline/names.json'));
});
