import { describe, expect, it } from 'vitest';
import { storageObject } from '@tapline/adapters/cloud-storage/object';

describe('storageObject', () => {
  it('asks the emulator where there is one, without a login and for what is stored', async () => {
    for (const emulator of ['localhost:4443', 'http://localhost:4443', 'http://localhost:4443/']) {
      const { url, headers } = storageObject('gs://day-captures/2017/07 06/a#b?.pcap', emulator);
      expect(url.href).toBe('http://localhost:4443/day-captures/2017/07%2006/a%23b%3F.pcap');
      expect(await headers()).toEqual({ 'accept-encoding': 'gzip' });
    }
  });

  it('asks Cloud Storage otherwise', () => {
    for (const emulator of [undefined, '']) {
      expect(storageObject('gs://captures/day.pcap', emulator).url.href).toBe(
        'https://storage.googleapis.com/captures/day.pcap',
      );
    }
  });

  it('refuses what is no object', () => {
    for (const address of ['gs://', 'gs://bucket', 'gs://bucket/', 'gs:///object']) {
      expect(() => storageObject(address, undefined)).toThrow(
        /is no object of Cloud Storage: use gs:\/\/BUCKET\/OBJECT$/,
      );
    }
    expect(() => storageObject('gs://captures/a', 'local host')).toThrow(
      /STORAGE_EMULATOR_HOST=local host is no address/,
    );
  });
});
