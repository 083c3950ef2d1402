/** The units of a sensor's host, as systemd reads them. */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { kafkaProperties } from '@tapline/embedded/services/kafka';
import { DEFAULT_PORTS } from '@tapline/embedded/services/ports';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../helpers/temporary-folder.ts';

const FOLDER = join(import.meta.dirname, '../../tools/systemd');
const UNITS = readdirSync(FOLDER).filter((name) => name.endsWith('.service'));
const SYSTEMD = spawnSync('systemd-analyze', ['--version']).status === 0;
if (!SYSTEMD && process.env['REQUIRE_SERVICES'] === '1')
  throw new Error('REQUIRE_SERVICES=1, but systemd is not installed');
if (!SYSTEMD) console.warn('systemd is not installed: the check of its units is SKIPPED');

const read = (name: string): string => readFileSync(join(FOLDER, name), 'utf8');

describe('the units of systemd', () => {
  it('are there for sensor, bridge and broker, run as users of their own and may not become more', () => {
    expect(UNITS).toEqual(['tapline-bridge.service', 'tapline-capture@.service', 'tapline-kafka.service']);
    for (const name of UNITS) {
      const unit = read(name);
      expect(unit).toMatch(/^User=(?:tapline|kafka)$/m);
      expect(unit).toMatch(/^NoNewPrivileges=yes$/m);
      expect(unit).toMatch(
        name.includes('capture') ? /^CapabilityBoundingSet=CAP_NET_RAW$/m : /^CapabilityBoundingSet=$/m,
      );
    }
  });

  it.runIf(SYSTEMD)('are units to systemd, and are refused with a word it does not know', () => {
    const folder = temporaryFolder();
    const verify = (name: string, text: string): string => {
      // Where Tapline and Java are installed differs from machine to machine.
      writeFileSync(join(folder, name), text.replaceAll(/^(ExecStart(?:Pre)?=)\S+/gm, '$1/bin/true'));
      return spawnSync('systemd-analyze', ['verify', '--man=no', join(folder, name)], { encoding: 'utf8' }).stderr;
    };
    for (const name of UNITS) expect(verify(name, read(name))).toBe('');
    expect(
      verify('bad.service', read('tapline-bridge.service').replace('Restart=always', 'Restart=sometimes')),
    ).toContain('sometimes');
  });
});

describe("the broker's settings", () => {
  it('are those that the line is tested with, where they decide what it takes', () => {
    const entries = (text: string): Map<string, string> =>
      new Map(
        text
          .split('\n')
          .filter((line) => /^[^#]+=/.test(line))
          .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)] as const),
      );
    const tested = entries(kafkaProperties('/data', DEFAULT_PORTS));
    const shipped = entries(read('kafka.properties'));
    const same = [
      'process.roles',
      'auto.create.topics.enable',
      'message.max.bytes',
      'replica.fetch.max.bytes',
      'log.retention.hours',
    ];
    for (const name of same) expect([name, shipped.get(name)]).toEqual([name, tested.get(name)]);
  });
});
